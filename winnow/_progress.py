"""How far a long reading is, on a terminal; nothing elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from connectors.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.progress import Task

Record = TypeVar("Record")

_STEP = 500


@contextmanager
def progress(
    total: int | None, *, is_shown: bool = True
) -> Iterator[Callable[[str, Iterable[Record]], Iterator[Record]]]:
    """A way to have records counted while they are read, from `what`; None: nobody knows how many they will be.

    `is_shown` is False where something else is drawn.
    """
    if not is_shown or not sys.stderr.isatty():
        yield lambda _, records: iter(records)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), _Counted(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=total)

        def counted(what: str, records: Iterable[Record]) -> Iterator[Record]:
            shown.update(task, description=f"reading {printable(what)}")
            number = 0
            for number, record in enumerate(records, 1):
                if number % _STEP == 0:
                    shown.advance(task, _STEP)
                yield record
            shown.advance(task, number % _STEP)

        yield counted


class _Counted(ProgressColumn):
    """Records so far, and how many a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.completed:,.0f} records, {task.speed or 0:,.0f}/s")


@contextmanager
def steps(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A way to say how many of them are done, with what is left and how long it takes."""
    if not total or not sys.stderr.isatty():
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda done: shown.update(task, completed=done)
