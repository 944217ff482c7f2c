"""A process and its supervisor: started again whenever it ends, as systemd or Kubernetes would."""

from __future__ import annotations

import math
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.guard import Guard

_POLL_S = 0.05
_STOP_TIMEOUT_S = 40.0
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Command(NamedTuple):
    """What runs."""

    name: str
    arguments: list[str]
    ready: str
    """The URL that answers 200 once it is ready."""
    enter: tuple[str, ...] = ()
    """What runs the rest of the command line on another host."""


class Life(NamedTuple):
    """One time it was started."""

    started: float
    memory: list[tuple[float, int]]
    """Monotonic, resident bytes of it and its children; every second."""


class Supervised:
    """Runs one command."""

    def __init__(self, command: Command, environ: Mapping[str, str], folder: Path, guard: Guard) -> None:
        self.command = command
        self._environ = environ
        self._folder = folder
        self._guard = guard
        self._wanted = False
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._down_at: float | None = None
        self._paused_until = -math.inf
        self.prepare: Callable[[], None] = lambda: None
        """Called before each start."""
        self.file_max_bytes: int | None = None
        """No file it writes may grow beyond; None: no limit."""
        self.lives: list[Life] = []
        self.restarts_s: list[float] = []
        """From each end until it was ready again, if nothing came between."""
        self.exits: list[int] = []
        self._doomed: Path | None = None
        self._thread = threading.Thread(target=self._watch, name=command.name, daemon=True)

    def start(self) -> None:
        """Start it and keep it running."""
        self._wanted = True
        self._spawn()
        self._thread.start()

    def signal(self, number: int) -> None:
        """Send a signal to it and its children."""
        with self._lock:
            if number in {signal.SIGSTOP, signal.SIGCONT}:
                self._paused_until = math.inf if number == signal.SIGSTOP else time.monotonic()
            if self._process is not None and self._process.poll() is None:
                os.killpg(self._process.pid, number)

    def was_paused_since(self, moment: float) -> bool:
        """Whether it was stopped by a signal at any time since."""
        return self._paused_until >= moment

    def limit(self, file_max_bytes: int | None) -> None:
        """Let no file it writes grow beyond, now and after a restart: what a full disk does, without being root.

        Python ignores SIGXFSZ, so a write beyond the limit fails (EFBIG) as one to a full disk does (ENOSPC).
        """
        with self._lock:
            self.file_max_bytes = file_max_bytes
            self._apply_limit()

    def delete_before_start(self, folder: Path) -> None:
        """Delete this folder while it is down the next time."""
        self._doomed = folder

    def is_ready(self) -> bool:
        """Whether it says so."""
        with suppress(httpx.HTTPError):
            return httpx.get(self.command.ready, timeout=0.5, trust_env=False).status_code == 200
        return False

    def stop(self) -> int | None:
        """SIGTERM, and its exit status; None if it had to be killed."""
        with self._lock:
            self._wanted = False
            process = self._process
        if process is None:
            return None
        self.signal(signal.SIGCONT)
        process.terminate()
        code = None
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(_STOP_TIMEOUT_S)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._guard.forget(process.pid)
        self._thread.join()
        return code

    def _spawn(self) -> None:
        if self._doomed is not None:
            shutil.rmtree(self._doomed, ignore_errors=True)
            self._doomed = None
        self.prepare()
        with self._lock, self._log().open("ab") as log:
            self._process = subprocess.Popen(
                [*self.command.enter, sys.executable, *self.command.arguments],
                env=self._environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
            self._guard.watch(self._process.pid)
            self.lives.append(Life(time.monotonic(), []))
            self._apply_limit()

    def _log(self) -> Path:
        """One for each life, so that a limit on files does not mean the log."""
        return self._folder / f"{self.command.name}-{len(self.lives):03}.log"

    def _apply_limit(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        most = resource.RLIM_INFINITY if self.file_max_bytes is None else self.file_max_bytes
        with suppress(ProcessLookupError):
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    def _watch(self) -> None:
        measured = 0.0
        while self._wanted:
            time.sleep(_POLL_S)
            process = self._process
            assert process is not None
            if process.poll() is not None:
                self._again(process)
            elif self._down_at is not None and self.is_ready():
                self.restarts_s.append(time.monotonic() - self._down_at)
                self._down_at = None
            if time.monotonic() - measured >= 1.0:
                measured = time.monotonic()
                self.lives[-1].memory.append((measured, resident_bytes(process.pid)))

    def _again(self, process: subprocess.Popen[bytes]) -> None:
        self._down_at = time.monotonic()
        self._paused_until = min(self._paused_until, self._down_at)
        self.exits.append(process.returncode)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        self._guard.forget(process.pid)
        with self._lock:
            if self._wanted:
                self._spawn()


def resident_bytes(pid: int) -> int:
    """Of a process and its children; 0 if it is gone."""
    total = 0
    with suppress(OSError, IndexError, ValueError):
        total = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            total += sum(resident_bytes(int(child)) for child in path.read_text().split())
    return total
