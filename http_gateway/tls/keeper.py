"""Keeps one relay running: when it ends before its time, another takes its place."""

from __future__ import annotations

import subprocess
import threading
import time
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()

_AGAIN_AFTER_S, _AGAIN_AFTER_MAX_S = 0.1, 5.0
# One that ran for so long does not fail at its start.
_HEALTHY_S = 10.0


class Keeper:
    """One relay, watched by a thread."""

    def __init__(self, number: int, start: Callable[[int], subprocess.Popen[bytes]]) -> None:
        """Start it.

        Args:
            number: The relay's.
            start: Starts a relay of this number.
        """
        self._number = number
        self._start = start
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name=f"relay-{number}", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The process's; None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def stop(self) -> None:
        """Let it take no more connections and end when those it has are over; no other takes its place."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()

    def end(self, within_s: float) -> None:
        """Wait until it has ended; end it at once if it does not in time."""
        if self._process is not None:
            try:
                self._process.wait(within_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._thread.join()

    def _keep(self) -> None:
        pause_s = _AGAIN_AFTER_S
        while not self._stopping.is_set():
            began = time.monotonic()
            self._process = self._start(self._number)
            if self._stopping.is_set():
                self._process.terminate()
            status = self._process.wait()
            if self._stopping.is_set():
                return
            log.error("relay_ended", number=self._number, status=status)
            pause_s = _AGAIN_AFTER_S if time.monotonic() - began > _HEALTHY_S else min(pause_s * 2, _AGAIN_AFTER_MAX_S)
            self._stopping.wait(pause_s)
