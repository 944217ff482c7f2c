"""One asyncio loop in a background thread for all that waits, and the event that wakes the worker when it is done."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine

import uvloop

Work = Callable[[], Coroutine[None, None, None]]


class Wake:
    """What a Bytewax worker sleeps on: set by the consumer thread and by the background loop."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """There is something to do."""
        self._event.set()

    def wait(self, timeout_s: float) -> None:
        """Sleep until there is something to do, or the time is up."""
        if self._event.wait(timeout_s):
            self._event.clear()


class Background:
    """Runs coroutines beside the worker; started on first use, so building a flow starts nothing."""

    def __init__(self, wake: Wake) -> None:
        self._wake = wake
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._under_way = 0
        """Counted by the worker's thread only."""

    def is_idle(self) -> bool:
        """Whether all that was submitted has been taken back."""
        return self._under_way == 0

    def took_back(self, count: int) -> None:
        """The worker has taken the results of this many works."""
        self._under_way -= count

    def check(self) -> None:
        """Whoever waits for a result looks whether it can still come.

        Raises:
            RuntimeError: The loop's thread has ended.
        """
        if self._thread is not None and not self._thread.is_alive():
            raise RuntimeError("the background loop has ended: nothing is sent any more")

    def submit(self, works: list[Work]) -> None:
        """Start works, one wake-up of the loop for all; each catches its own errors."""
        self.check()
        self._under_way += len(works)
        loop = self._started()
        loop.call_soon_threadsafe(_begin, loop, works)

    def done(self) -> None:
        """A work has left its result where its step finds it."""
        self._wake.set()

    def finish(self, work: Work) -> None:
        """Run a last work and wait for it, a few seconds at most; does nothing if no other was ever submitted."""
        if self._loop is not None:
            with contextlib.suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(work(), self._loop).result(timeout=5)

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = uvloop.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="background", daemon=True)
            self._thread.start()
        return self._loop


_tasks: set[asyncio.Task[None]] = set()


def _begin(loop: asyncio.AbstractEventLoop, works: list[Work]) -> None:
    """Start each work and hold its task until it is done: the loop itself holds tasks only weakly."""
    for work in works:
        task = loop.create_task(work())
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
