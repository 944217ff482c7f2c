"""A token bucket: at most `burst` at once and `rate` a second after that. Pure: it is told the time."""

from __future__ import annotations

from math import ceil


class Bucket:
    """Says when the next one may go; full at first.

    Kept as one number, the generic cell rate algorithm: https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
    """

    def __init__(self, rate: float, burst: int) -> None:
        """Let `rate` a second pass; `burst` may go at once."""
        self._gap_ms = 1000 / rate
        self._ahead_ms = (burst - 1) * self._gap_ms
        self._full_ms = 0.0
        """When the bucket is full again."""

    def next_ms(self) -> int:
        """From when on one more may go."""
        return ceil(self._full_ms - self._ahead_ms)

    def take(self, now_ms: int) -> None:
        """One goes now."""
        self._full_ms = max(self._full_ms, now_ms) + self._gap_ms
