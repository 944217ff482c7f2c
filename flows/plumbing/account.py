"""Double entry for what passes through this process: what came in stays open until its end is on record.

`winnow ledger` counts the same from Kafka alone; this is the number as a metric, without reading anything again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import Gauge

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

# As the default of `winnow ledger --deadline`: the deadline of critical alerts, and a quarter of an hour for fallbacks.
DEADLINE_S = 75 * 60.0

_unaccounted = Gauge(
    "winnow_alerts_unaccounted",
    "Alerts and deliveries that came into this process 75 minutes ago or earlier and have no recorded end",
)


class Account:
    """What is open; written by the worker's thread, read by any."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._open: dict[Hashable, tuple[int, float]] = {}
        """How many, and since when."""

    def came(self, key: Hashable, count: int = 1) -> None:
        """So many came under this key; what comes again counts once."""
        if count:
            self._open[key] = (count, self._now_s())

    def left(self, key: Hashable, count: int = 1) -> None:
        """So many of them have their end."""
        open_count, since_s = self._open.get(key, (0, 0.0))
        if open_count > count:
            self._open[key] = (open_count - count, since_s)
        else:
            self._open.pop(key, None)

    def __len__(self) -> int:
        return sum(count for count, _ in list(self._open.values()))

    def unaccounted(self) -> int:
        """How many are open for longer than anything takes."""
        latest_s = self._now_s() - DEADLINE_S
        return sum(count for count, since_s in list(self._open.values()) if since_s <= latest_s)


account = Account()
_unaccounted.set_function(account.unaccounted)
