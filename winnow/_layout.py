"""Rows under a head as lines of text: a table where there is room for it, and a block for each row where there is not.

Nothing is ever cut away: ids and places are there to be copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, chop_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_GAP = "  "
# A narrower last column is a tower of fragments.
_LAST_LEAST_CHARS = 24


def has_room(head: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> bool:
    """Whether a screen so wide shows the table without breaking any column but the last, and that not too often."""
    widths = _widths(head, rows)
    return sum(width + len(_GAP) for width in widths[:-1]) + min(widths[-1], _LAST_LEAST_CHARS) <= room


def table(head: Sequence[str], rows: Sequence[Sequence[str]], room: int | None) -> Iterator[str]:
    """The head and the rows in columns; None: there is room for all of it."""
    widths = _widths(head, rows)
    left = None if room is None else room - sum(width + len(_GAP) for width in widths[:-1])
    for row in (head, *rows):
        yield from _row(row, widths, left)


def blocks(head: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> Iterator[str]:
    """Each row in a few lines of names and values."""
    for row in rows:
        yield from _block(head, row, room)


def _widths(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in zip(head, *rows, strict=True)]


def _row(row: Sequence[str], widths: Sequence[int], left: int | None) -> Iterator[str]:
    """One row; what the last column has no room for stands below."""
    *first, last = row
    begin = "".join(cell + " " * (width - cell_len(cell)) + _GAP for cell, width in zip(first, widths, strict=False))
    for part in [last] if left is None or cell_len(last) <= left else chop_cells(last, left):
        yield (begin + part).rstrip()
        begin = " " * cell_len(begin)


def _block(head: Sequence[str], row: Sequence[str], room: int) -> Iterator[str]:
    """One row as `name value`, as many on a line as fit, a value never broken; the last, the longest, by itself."""
    *first, last = [f"{name} {cell}" for name, cell in zip(head, row, strict=True)]
    line = ""
    for piece in first:
        longer = f"{line}{_GAP}{piece}" if line else piece
        if line and cell_len(longer) > room:
            yield line
            longer = _GAP + piece
        line = longer
    yield line
    yield _GAP + last
