"""A worker whose main process is gone ends: its supervisor starts a new one, and that wants the port."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()

_LOOK_EVERY_S = 0.25


def end_with_parent(clean: Callable[[], None] = lambda: None) -> None:
    """End this process as SIGTERM would, soon after the one that started it was killed.

    Args:
        clean: Called before: what the other can do no more.
    """
    threading.Thread(target=_watch, args=(os.getppid(), clean), name="orphan", daemon=True).start()


def _watch(parent: int, clean: Callable[[], None]) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    log.warning("main_process_gone")
    clean()
    os.kill(os.getpid(), signal.SIGTERM)
