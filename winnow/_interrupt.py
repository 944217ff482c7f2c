"""Ctrl-C for the verbs that run until it comes."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType, TracebackType

_LOOK_EVERY_S = 0.2
_Read = TypeVar("_Read")


class Interrupt:
    """Notices Ctrl-C where it is looked for, not in the midst of a library that holds a lock.

    A second one ends the process wherever it is. A context manager, for the main thread. Where Ctrl-C is ignored, as in
    a shell's background, it stays so.
    """

    def __init__(self) -> None:
        """Nothing has come."""
        self._came = False
        self._before: Callable[[int, FrameType | None], object] = signal.default_int_handler

    @property
    def has_come(self) -> bool:
        """Whether it has."""
        return self._came

    def check(self) -> None:
        """Go on, if it has not come.

        Raises:
            KeyboardInterrupt: It has.
        """
        if self._came:
            raise KeyboardInterrupt

    def heeded(self, records: Iterable[_Read]) -> Iterator[_Read]:
        """The same, until it comes.

        Raises:
            KeyboardInterrupt: It has.
        """
        for record in records:
            if self._came:
                break
            yield record
        self.check()

    def wait(self) -> None:
        """Sleep until it comes.

        Raises:
            KeyboardInterrupt: It came.
        """
        while True:
            self.check()
            time.sleep(_LOOK_EVERY_S)

    def __enter__(self) -> Self:
        before = signal.getsignal(signal.SIGINT)
        # What it is set to where it is ignored cannot be called.
        if callable(before):
            self._before = before
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Bound methods are made anew each time they are asked for: equal, and not the same.
        if signal.getsignal(signal.SIGINT) == self._note:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._came = True
        signal.signal(number, self._before)
