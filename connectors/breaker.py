"""A circuit breaker: stops calls to what fails, and lets one through now and then to see. Pure: it is told the time."""

from __future__ import annotations

# The contract's numbers for the model's breaker; here without its rule for slow calls, a target has its own timeout.
IN_A_ROW = 5
SHARE = 0.5
CALLS_MIN = 5
WINDOW_MS = 60_000
OPEN_MS = 30_000

_SLICE_MS = 1000
"""Calls are counted by the second: a busy target has thousands in the window."""


class Breaker:
    """Closed at first; open after too many failures; then one probe at a time until one succeeds.

    While it is not closed any success closes it, also that of a call begun before, and a failure counts as the probe's.
    """

    def __init__(self) -> None:
        self._in_a_row = 0
        self._slices: dict[int, tuple[int, int]] = {}
        """By second: calls and failures; the oldest first."""
        self._calls = 0
        """In all slices."""
        self._failures = 0
        self._open_until_ms: int | None = None
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Whether calls are held back; also while a probe is under way."""
        return self._open_until_ms is not None

    def next_ms(self) -> int | None:
        """From when on one more call may be made; None: not before the probe has come back."""
        if self._is_probing:
            return None
        return self._open_until_ms or 0

    def take(self) -> None:
        """A call is made now."""
        self._is_probing = self.is_open

    def succeeded(self, now_ms: int) -> None:
        """A call was answered."""
        if self.is_open:
            self._close()
        else:
            self._in_a_row = 0
            self._count(now_ms, 0)

    def failed(self, now_ms: int) -> None:
        """A call failed."""
        if self.is_open:
            if self._is_probing:
                self._open(now_ms)
            return
        self._in_a_row += 1
        calls, failures = self._count(now_ms, 1)
        if self._in_a_row >= IN_A_ROW or (calls >= CALLS_MIN and failures >= SHARE * calls):
            self._open(now_ms)

    def _open(self, now_ms: int) -> None:
        self._open_until_ms = now_ms + OPEN_MS
        self._is_probing = False

    def _close(self) -> None:
        self._open_until_ms = None
        self._is_probing = False
        self._in_a_row = 0
        self._slices.clear()
        self._calls = self._failures = 0

    def _count(self, now_ms: int, failed: int) -> tuple[int, int]:
        """Note one more call; how many there were in the window, and how many of them failed."""
        now = now_ms // _SLICE_MS
        if now not in self._slices:
            self._slices[now] = (0, 0)
            self._forget(now - WINDOW_MS // _SLICE_MS)
        calls, failures = self._slices[now]
        self._slices[now] = (calls + 1, failures + failed)
        self._calls += 1
        self._failures += failed
        return self._calls, self._failures

    def _forget(self, latest: int) -> None:
        """Drop the seconds up to this one."""
        for old in [second for second in self._slices if second <= latest]:
            calls, failures = self._slices.pop(old)
            self._calls -= calls
            self._failures -= failures
