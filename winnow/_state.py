"""What has become of an entry since it was put aside, as both `ls` verbs tell it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from winnow._output import Output, cell, write_json, write_lines, write_table
from winnow._retry import Fate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from winnow._retry import Item

_OPEN = "open"
_IN_PART = "retried in part"


def state(item: Item) -> str:
    """In a few words; what begins with `open` waits for somebody."""
    if item.fate is Fate.ALREADY:
        if item.is_partial:
            return f"{_OPEN}: {_IN_PART}"
        return "retried" if item.became is None else f"retried: {item.became}"
    if item.fate is Fate.ENDED:
        return item.became or item.fate.value
    return Fate.SUPERSEDED.value if item.fate is Fate.SUPERSEDED else _OPEN


def write_list(
    head: Sequence[str], rows: Iterable[dict[str, object]], items: Iterable[Item], output: Output, *, only_open: bool
) -> bool:
    """Print rows, each with the state of the item of its place, and how many there are of each state.

    Returns:
        Whether any waits for somebody, and people read it.
    """
    by_place = {item.place: item for item in items}
    told = [_stated(row, by_place[str(row["place"])]) for row in rows]
    wanted = [row for row in told if row["is_open"] or not only_open]
    if output is Output.JSON:
        write_json(wanted)
        return False
    write_table(head, ([cell(row[name]) for name in head] for row in wanted))
    count = sum(1 for row in told if row["is_open"])
    others = Counter(str(row["state"]) for row in told if not row["is_open"])
    write_lines([", ".join([f"{count} {_OPEN}", *(f"{number} {name}" for name, number in others.items())])])
    return count > 0


def _stated(row: dict[str, object], item: Item) -> dict[str, object]:
    word = state(item)
    return {**row, "state": word, "is_open": word.startswith(_OPEN), "detail": item.detail or None}
