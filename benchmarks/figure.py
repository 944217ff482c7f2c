"""One measured figure and the limit it is held against, taken in the same run."""

from __future__ import annotations

import re
from statistics import median, quantiles
from typing import TYPE_CHECKING, Literal, NamedTuple

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BOUND = re.compile(r"(ratio )?(<=|>=|<|>) ([\d,.]+)")


class Figure(NamedTuple):
    """A line of the table."""

    what: str
    """Its name: unique, and what two results are compared by."""
    value: float
    unit: str
    """Of what ends with `/s` more is better, of all else less."""
    limit: str = ""
    """What it is held against, and its value."""
    ratio: float | None = None
    """Winnow's figure over the limit's."""
    aim: str = ""
    """What the ratio or the value must be, as `bounds` reads it: `ratio <= 3`, `>= 100,000, ratio >= 0.8`."""
    note: str = ""
    cpu_us: float | None = None
    """CPU time for each item, of all threads that worked for it."""
    rounds: tuple[float, ...] = ()
    """What `value` was made of, one of each round in its turn."""
    limit_value: float | None = None
    """The limit's, if it has the unit of `value`."""
    limit_rounds: tuple[float, ...] = ()
    """The limit's; as many as `rounds` if the two were measured in turns."""

    @property
    def spread(self) -> float | None:
        """How far the middle half of the rounds lies apart, over their median; None if there is but one."""
        return _spread(self.rounds)

    @property
    def is_missed(self) -> bool:
        """Whether a bound of the aim does not hold."""
        return any(not bound.holds(self) for bound in bounds(self.aim))


class Bound(NamedTuple):
    """One thing that an aim asks."""

    of: Literal["value", "ratio"]
    sign: str
    number: float

    def holds(self, figure: Figure) -> bool:
        """Whether the figure is so; one without a ratio is held to none."""
        value = figure.ratio if self.of == "ratio" else figure.value
        if value is None:
            return True
        return {
            "<=": value <= self.number,
            ">=": value >= self.number,
            "<": value < self.number,
            ">": value > self.number,
        }[self.sign]


def bounds(aim: str) -> Iterator[Bound]:
    """What an aim asks, in its order."""
    for of_ratio, sign, number in _BOUND.findall(aim):
        yield Bound("ratio" if of_ratio else "value", sign, float(number.rstrip(",.").replace(",", "")))


def is_better_above(unit: str) -> bool:
    """Whether more of this unit is better."""
    return unit.endswith("/s")


def middle(rounds: Iterable[float]) -> tuple[float, tuple[float, ...]]:
    """`value` and `rounds` of a figure that is the median of its rounds."""
    kept = tuple(rounds)
    return median(kept), kept


def shown(value: float) -> str:
    """A number for people."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.3g}"


def table(figures: Iterable[Figure]) -> Table:
    """The figures for people."""
    sheet = Table(title="winnow bench")
    right = {"figure", "CPU us", "ratio", "spread"}
    for column in ("what", "figure", "unit", "CPU us", "limit in the same run", "ratio", "aim", "spread", "note"):
        sheet.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for figure in figures:
        spread = figure.spread
        sheet.add_row(
            figure.what,
            shown(figure.value),
            figure.unit,
            "" if figure.cpu_us is None else shown(figure.cpu_us),
            figure.limit,
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            f"{figure.aim} (missed)" if figure.is_missed else figure.aim,
            "" if spread is None else f"{100 * spread:.1f} % of {len(figure.rounds)}",
            figure.note,
        )
    return sheet


def _spread(rounds: tuple[float, ...]) -> float | None:
    if len(rounds) < 2 or not median(rounds):
        return None
    first, _, third = quantiles(rounds, n=4, method="inclusive")
    return (third - first) / abs(median(rounds))
