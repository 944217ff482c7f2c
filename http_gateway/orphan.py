"""A worker whose main process is gone ends: its supervisor starts a new one, and that wants the port."""

from __future__ import annotations

import os
import signal
import threading
import time

import structlog

log = structlog.get_logger()

_LOOK_EVERY_S = 0.25


def end_with_parent() -> None:
    """End this process as SIGTERM would, soon after the one that started it was killed."""
    threading.Thread(target=_watch, args=(os.getppid(),), name="orphan", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    log.warning("main_process_gone")
    os.kill(os.getpid(), signal.SIGTERM)
