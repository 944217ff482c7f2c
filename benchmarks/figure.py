"""One measured figure and the limit it is held against, taken in the same run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable


class Figure(NamedTuple):
    """A line of the table."""

    what: str
    value: float
    unit: str
    limit: str = ""
    """What it is held against, and its value."""
    ratio: float | None = None
    """Winnow's figure over the limit's."""
    aim: str = ""
    """What the ratio or the value must be."""
    note: str = ""


def table(figures: Iterable[Figure]) -> Table:
    """The figures for people."""
    sheet = Table(title="winnow bench")
    for column in ("what", "figure", "unit", "limit in the same run", "ratio", "aim", "note"):
        sheet.add_column(column, justify="right" if column in {"figure", "ratio"} else "left", overflow="fold")
    for what, value, unit, limit, ratio, aim, note in figures:
        shown = f"{value:,.0f}" if value >= 1000 else f"{value:,.3g}"
        sheet.add_row(what, shown, unit, limit, "" if ratio is None else f"{ratio:.2f}", aim, note)
    return sheet
