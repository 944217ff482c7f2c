"""Child processes that start, live and end together."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections import deque
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

import httpx

from connectors.child import Child, Command, Exited
from connectors.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

_PROBE_EVERY_S = 0.1
_PROBE_TIMEOUT_S = 2.0
_NOTICE_S = 1.0


class Stop(NamedTuple):
    """Somebody wants the processes to end."""


class Processes:
    """Children none of which outlives this process, not even its kill -9."""

    def __init__(self, show: Callable[[str, str], None]) -> None:
        """Prepare to run.

        Args:
            show: Called with a process's name and each line it prints, in a thread of that process.
        """
        self._show = show
        self._events: SimpleQueue[Exited | Stop] = SimpleQueue()
        self._children: dict[str, Child] = {}
        self._guard: Guard | None = None

    def request_stop(self) -> None:
        """Make `wait_ready` and `wait` return; may be called from a signal handler."""
        self._events.put(Stop())

    def start(self, commands: Sequence[Command], environ: Mapping[str, str]) -> None:
        """Start them all.

        Raises:
            OSError: One cannot be started; `stop` ends the others.
        """
        self._guard = Guard()
        for command in commands:
            child = self._children[command.name] = Child(command, environ, self._show)
            self._guard.watch(child.process.pid)
            threading.Thread(target=self._watch, args=(child, self._guard), daemon=True).start()

    def _watch(self, child: Child, guard: Guard) -> None:
        exited = child.wait()
        guard.forget(child.process.pid)
        self._events.put(exited)

    def pid(self, name: str) -> int:
        """The process id of a command that runs."""
        return self._children[name].process.pid

    def wait_ready(self, timeout: timedelta) -> Exited | Stop | None:
        """Wait until every process answers at its URL.

        Returns:
            None when all do; else what came before that.

        Raises:
            TimeoutError: They do not in time; the text names the first that does not.
        """
        until = time.monotonic() + timeout.total_seconds()
        waiting = deque(child.command for child in self._children.values() if child.command.ready)
        # Whether they are up is all that is asked, of this machine: nobody has to vouch for them.
        with httpx.Client(timeout=_PROBE_TIMEOUT_S, trust_env=False, verify=False) as client:  # noqa: S501
            while waiting:
                if _answers(client, waiting[0]):
                    waiting.popleft()
                    continue
                if time.monotonic() > until:
                    raise TimeoutError(f"{waiting[0].name} is not ready after {timeout.total_seconds():g} s")
                with contextlib.suppress(Empty):
                    return self._end(self._events.get(timeout=_PROBE_EVERY_S))
        return None

    def wait(self) -> Exited | Stop:
        """Wait until a process ends by itself or `request_stop` is called."""
        event = self._next(math.inf)
        assert event is not None
        return event

    def _next(self, until_s: float) -> Exited | Stop | None:
        """What comes before that moment of the monotonic clock; None: nothing."""
        while True:
            left_s = until_s - time.monotonic()
            # A signal that comes just before a long wait is noticed only at its end.
            with contextlib.suppress(Empty):
                return self._end(self._events.get(timeout=max(0.0, min(left_s, _NOTICE_S))))
            if left_s <= _NOTICE_S:
                return None

    def _end(self, event: Exited | Stop) -> Exited | Stop:
        if isinstance(event, Exited):
            del self._children[event.name]
        return event

    def _of(self, *, is_last: bool) -> list[Child]:
        return [child for child in self._children.values() if child.command.ends_last is is_last]

    def stop(self, grace: timedelta) -> list[str]:
        """End all, those that the others need last: SIGTERM; SIGKILL for what is there after `grace` or another stop.

        Returns:
            The names of those that had to be killed.
        """
        until = time.monotonic() + grace.total_seconds()
        killed: list[str] = []
        for is_last in (False, True):
            for child in self._of(is_last=is_last):
                child.process.terminate()
            while self._of(is_last=is_last):
                event = self._next(math.inf if killed else until)
                if not isinstance(event, Exited) and not killed:
                    killed = list(self._children)
                    for child in self._children.values():
                        child.kill()
        if self._guard is not None:
            self._guard.close()
        return killed


def _answers(client: httpx.Client, command: Command) -> bool:
    assert command.ready is not None
    try:
        return client.get(command.ready).status_code == 200
    except httpx.HTTPError:
        return False
