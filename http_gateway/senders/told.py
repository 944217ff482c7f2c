"""Which lines have been logged within the last minute: what strangers do must not fill the log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

_MINUTE_S = 60.0
# 300 KB of log a minute, from as many addresses.
LINES_MAX = 1000


class Told:
    """Each kind of line once a minute, and so many of all kinds."""

    def __init__(self, most: int = LINES_MAX) -> None:
        self._most = most
        # The oldest stands first.
        self._at_s: dict[Hashable, float] = {}

    def is_due(self, line: Hashable, now_s: float | None = None) -> bool:
        """Whether it may be logged now, which then counts as done."""
        now_s = time.monotonic() if now_s is None else now_s
        while self._at_s and now_s - self._at_s[oldest := next(iter(self._at_s))] >= _MINUTE_S:
            del self._at_s[oldest]
        if line in self._at_s or len(self._at_s) >= self._most:
            return False
        self._at_s[line] = now_s
        return True
