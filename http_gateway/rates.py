"""How often each client address may send."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from connectors.bucket import Bucket

if TYPE_CHECKING:
    from alerts.config_limits import Rate
    from http_gateway.senders.client import Address

# About 10 MB. Beyond it the address that came first is forgotten: it may burst once more.
_ADDRESSES_MAX = 50_000


class Rates:
    """A bucket for each address of late."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: dict[Address | None, Bucket] = {}

    def wait_s(self, address: Address | None, now_ms: int | None = None) -> float:
        """Count a request of this address: 0 if it may pass now, else how long it should wait."""
        now_ms = time.monotonic_ns() // 1_000_000 if now_ms is None else now_ms
        bucket = self._buckets.get(address)
        if bucket is None:
            if len(self._buckets) >= _ADDRESSES_MAX:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[address] = Bucket(self._rate.requests, self._rate.burst)
        wait_ms = bucket.next_ms() - now_ms
        if wait_ms > 0:
            return wait_ms / 1000
        bucket.take(now_ms)
        return 0.0
