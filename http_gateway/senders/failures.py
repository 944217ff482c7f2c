"""Slows down who fails to prove who it is; whoever can prove it is never slowed, whatever comes from its address."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http_gateway.senders.client import Address

FREE_PER_MINUTE = 20
"""A sender with a wrong token and a few retries stays below."""
_MINUTE_S = 60.0
_ADDRESSES_MAX = 10_000
# Held back at a time: they cost memory, and must not crowd out who may send.
_HELD_MAX = 64
_HELD_PER_ADDRESS_MAX = 4
_HOLD_S = 1.0


class Failures:
    """Counts the failures of each address within a minute."""

    def __init__(self, most: int = _ADDRESSES_MAX, hold_s: float = _HOLD_S) -> None:
        self._most = most
        self._hold_s = hold_s
        self._since: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """By address: when its minute began, and its failures since."""
        self._held: Counter[str] = Counter()

    def count(self, address: Address | None, now_s: float | None = None) -> int:
        """How often this address has failed within its minute, with this time."""
        now_s = time.monotonic() if now_s is None else now_s
        key = whole(address)
        began_s, failures = self._since.pop(key, (now_s, 0))
        if now_s - began_s >= _MINUTE_S:
            began_s, failures = now_s, 0
        if len(self._since) >= self._most:
            self._since.popitem(last=False)
        self._since[key] = began_s, failures + 1
        return failures + 1

    async def hold(self, address: Address | None) -> bool:
        """Wait before the answer; False, at once, if too many wait already."""
        key = whole(address)
        if self._held.total() >= _HELD_MAX or self._held[key] >= _HELD_PER_ADDRESS_MAX:
            return False
        self._held[key] += 1
        try:
            await asyncio.sleep(self._hold_s)
        finally:
            self._held[key] -= 1
            if not self._held[key]:
                del self._held[key]
        return True


def whole(address: Address | None) -> str:
    """The address; of IPv6 its /64, for whoever has one has all of them."""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Address(int(address) >> 64 << 64))
    return str(address)
