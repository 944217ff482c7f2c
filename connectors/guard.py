"""Kills process groups once this process is gone, however it went."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading

# The end of its input comes when the process that holds the other end has ended, by kill -9 too.
# PR_SET_PDEATHSIG would miss grandchildren (Granian's workers) and macOS.
_SCRIPT = """
import os, signal, sys
groups = set()
for line in sys.stdin:
    (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""


class Guard:
    """A small process that waits for the end of this one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Its own session: neither Ctrl-C nor a signal to this process's group ends it first.
        self._process = subprocess.Popen(  # noqa: S603 the script above
            [sys.executable, "-I", "-S", "-c", _SCRIPT], stdin=subprocess.PIPE, start_new_session=True
        )

    def watch(self, group: int) -> None:
        """Kill this process group when this process ends."""
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        """The group is no more, and its number may be somebody else's soon."""
        self._tell(f"-{group}\n")

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()

    def close(self) -> None:
        """End it; groups not forgotten until now are killed."""
        assert self._process.stdin is not None
        with self._lock, contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait()
