"""How much of the flow's time a candidate may take: half of it while the flow is behind, and else what it likes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Below it nobody waits for an alert; a snapshot or a rebalance alone may take seconds.
_BEHIND_S = 10.0
_SHARE = 0.5
# A batch is judged at once, so it is about an average over some seconds.
_SAVED_MAX_S = 2.0


class Allowance:
    """The time of one worker, for the candidate in all of its partitions."""

    def __init__(
        self, busy_s: Callable[[], float] = time.thread_time, clock_s: Callable[[], float] = time.time
    ) -> None:
        """`busy_s` is how long the worker has computed; `clock_s` is the clock by which alerts are accepted."""
        self._busy_s = busy_s
        self._clock_s = clock_s
        self._left_s = _SAVED_MAX_S
        self._seen_s: float | None = None
        self._is_behind = False

    def look(self, accepted_ms: int) -> None:
        """What comes now was accepted then."""
        self._is_behind = self._clock_s() - accepted_ms / 1000 > _BEHIND_S

    def allows(self) -> bool:
        """Whether the candidate may judge now; what it takes until `end` is its own."""
        self._left_s = min(_SAVED_MAX_S, self._left_s + _SHARE * self._went_by())
        if not self._is_behind:
            self._left_s = max(0.0, self._left_s)  # nobody waited for what it took
            return True
        return self._left_s > 0

    def end(self) -> None:
        """The candidate has judged."""
        self._left_s -= (1 - _SHARE) * self._went_by()

    def _went_by(self) -> float:
        """How long the worker has computed since this was last asked."""
        before_s, self._seen_s = self._seen_s, self._busy_s()
        return 0.0 if before_s is None else self._seen_s - before_s
