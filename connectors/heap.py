"""How this process's memory is looked after: how often it is searched for garbage, what goes back to the system."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE_BYTES = 256 * 1024


def collect_seldom() -> None:
    """Have Python's cyclic collector run every 50 000 objects that are kept, not every 700: few of Winnow's are cycles.

    It would scan what is alive again and again.
    """
    gc.set_threshold(50_000, 50, 1000)


def give_back_large_blocks() -> None:
    """Let what a snapshot or a large body takes for a moment go back to the system.

    At a million live alerts the flow stays 67 MB smaller (`make bench`: 200 in place of 267 bytes an alert) and a
    snapshot takes no longer. Source: mallopt(3), M_MMAP_THRESHOLD; setting it ends its growth to 32 MiB.
    """
    _mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def share_arenas() -> None:
    """Let all threads take small blocks from two arenas instead of eight a core.

    With this and large blocks given back, the gateway under `make fuzz` stays at 105 MiB where it crept up to 125 in
    eight minutes, in steps that never went back. Source: mallopt(3), M_ARENA_MAX.
    """
    _mallopt(_M_ARENA_MAX, 2)


def _mallopt(parameter: int, value: int) -> None:
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(parameter, value)
