"""One child process: its output forwarded, its end told."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LAST_LINES = 20
_LINE_MAX_BYTES = 64 * 1024
# What a dead process had still to say is read within this, even if one it left behind keeps the pipe open.
_LAST_WORDS_S = 1.0


class Command(NamedTuple):
    """One process to run."""

    name: str
    argv: Sequence[str]
    ready: str | None = None
    """A URL that answers 200 once it is up; None: it is up when it has started."""
    is_needed: bool = True
    """Whether the others end with it."""
    ends_last: bool = False
    """Whether the others still need it while they end."""


class Exited(NamedTuple):
    """A process that ended by itself."""

    name: str
    status: int
    """Exit status; negative: the signal that ended it."""
    last_lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"signal {-self.status}" if self.status < 0 else f"exit status {self.status}"


class Child:
    """One running process; a thread of its own forwards its output."""

    def __init__(self, command: Command, environ: Mapping[str, str], show: Callable[[str, str], None]) -> None:
        self.command = command
        self._show = show
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        # A session of its own: Ctrl-C reaches this process only, which then stops the children its own way.
        self.process = subprocess.Popen(  # noqa: S603 the commands are the program's own
            command.argv,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._forward, daemon=True)
        self._reader.start()

    def _forward(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in iter(lambda: output.readline(_LINE_MAX_BYTES), b""):
                text = line.decode(errors="replace").rstrip("\r\n")
                self._last.append(text)
                self._show(self.command.name, text)

    def wait(self) -> Exited:
        """Wait for its end, and end what it leaves behind in its process group."""
        pid = self.process.pid
        if hasattr(os, "waitid"):
            # Not yet reaped, so that the number still belongs to this process and its group.
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            self.kill()
        status = self.process.wait()
        self._reader.join(_LAST_WORDS_S)
        return Exited(self.command.name, status, tuple(self._last))

    def kill(self) -> None:
        """End its process group at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
