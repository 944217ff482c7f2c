"""What verbs print: tables for people, JSON for machines; whatever it holds, the terminal stays what it was."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from connectors.terminal import printable
from winnow._layout import blocks, has_room, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_DELETE = "\x7f"
# Into a file or a pipe, lines are as long as they are.
WIDTH_CHARS = 100_000
_STEP = 10_000

Record = TypeVar("Record")


class Output(StrEnum):
    """How to print."""

    TABLE = "table"
    JSON = "json"


def write_json(value: object) -> None:
    """Print one value, readable and in ASCII: the only control character that JSON leaves in it is escaped too."""
    text = json.dumps(value, ensure_ascii=True, indent=2).replace(_DELETE, r"\u007f")
    sys.stdout.write(text + "\n")


def write_json_with(head: Mapping[str, object], name: str, values: Iterable[object]) -> None:
    """Print an object of which one more field is a list, each of its values on a line: they may be a million."""
    text = json.dumps({**head, name: []}, ensure_ascii=True, indent=2).replace(_DELETE, r"\u007f")
    sys.stdout.write(text.removesuffix("]\n}"))
    before = "\n    "
    for value in values:
        sys.stdout.write(before + json.dumps(value, ensure_ascii=True).replace(_DELETE, r"\u007f"))
        before = ",\n    "
    sys.stdout.write("\n  ]\n}\n")


def write_lines(lines: Iterable[str]) -> None:
    """Print lines of text from elsewhere."""
    for line in lines:
        sys.stdout.write(printable(line) + "\n")


def cell(value: object) -> str:
    """A value as a table holds it."""
    return "-" if value is None else str(value)


def screen_chars() -> int | None:
    """How wide the terminal is that standard output goes to; None: it is none, and lines are as long as they are."""
    return Console().width if sys.stdout.isatty() else None


def write_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under a head; on a screen that has no room for the table, a block for each."""
    cells = [[printable(cell) for cell in row] for row in rows]
    room = screen_chars()
    if room is not None and not has_room(head, cells, room):
        others = list(blocks(head, cells, room))
    else:
        first, *others = table(head, cells, room)
        Console(highlight=False, soft_wrap=True).print(Text(first, "bold"))
    sys.stdout.writelines(line + "\n" for line in others)


def shown(topic: str, records: Iterable[Record], so_far: Callable[[], str] = str) -> Iterator[Record]:
    """The same records, counted on the terminal while they are read; and what is found `so_far`, as soon as it is."""
    if not sys.stderr.isatty():
        yield from records
        return
    with Console(stderr=True).status(f"reading {topic}") as status:
        said = ""
        for number, record in enumerate(records, 1):
            yield record
            is_first = not said and bool(said := so_far())
            if is_first or number % _STEP == 0:
                status.update(escape(printable(f"reading {topic}: {number:,} records{so_far()}")))
