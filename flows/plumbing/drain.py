"""When the flow stops reading: while too much waits for targets, and for good at SIGTERM.

At SIGTERM let what is under way finish for a while, then end as at the end of all input.
"""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from flows.plumbing.pending import Pending

log = structlog.get_logger()


class Drain:
    """Whether the flow shall stop reading, and whether it may end."""

    def __init__(
        self, at_most: timedelta, is_idle: Callable[[], bool], pending: Pending, ended: Callable[[], None]
    ) -> None:
        """Be ready to drain for `at_most`, or until `is_idle`; `ended` is called at the very end."""
        self._pending = pending
        self.ended = ended
        self._at_most_s = at_most.total_seconds()
        self._is_idle = is_idle
        self._since: float | None = None

    def listen(self) -> None:
        """Begin at SIGTERM or SIGINT; only the main thread can listen to signals."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.begin())

    def begin(self) -> None:
        """Stop reading. A second time changes nothing."""
        if self._since is None:
            self._since = time.monotonic()
            log.info("drain_started", at_most_s=self._at_most_s)

    @property
    def has_begun(self) -> bool:
        """Whether to stop reading."""
        return self._since is not None

    @property
    def is_full(self) -> bool:
        """Whether so much waits for targets that nothing more is to be read for now."""
        return self._pending.is_full

    @property
    def oldest_ms(self) -> int | None:
        """When the oldest alert that waits for a target was accepted; None if none waits."""
        return self._pending.oldest_ms

    @property
    def is_over(self) -> bool:
        """Whether the flow may end: nothing is under way, or the time is up."""
        if self._since is None:
            return False
        return self._is_idle() or time.monotonic() - self._since >= self._at_most_s
