"""One moment for all that the tests of a module write and ask for: when the first of them began."""

from __future__ import annotations

import time

_began_ms: list[int] = []


def begin() -> None:
    """The tests of another module begin."""
    _began_ms[:] = [time.time_ns() // 1_000_000]


def now_ms() -> int:
    """When they began; it cannot be asked at import, which may lie an hour before."""
    assert _began_ms, "now_ms() is for tests that run, not for a module that is imported"
    return _began_ms[0]
