"""Remembers which signed requests were stored, so that whoever has recorded one cannot send it again."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b

# Ten minutes of 160 signed requests a second: 20 MB. Beyond it the oldest can be replayed, and dedup drops the repeat.
REMEMBERED_MAX = 100_000


class Replays:
    """Of one process: another remembers its own."""

    def __init__(self, most: int = REMEMBERED_MAX) -> None:
        self._most = most
        self._until: OrderedDict[bytes, float] = OrderedDict()
        """By id: until when the time it was signed at lets it in."""

    def claim(self, source: str, id_: bytes, until_s: float, now_s: float) -> bytes | None:
        """A key to release it by; None if it was claimed before.

        A request under way has claimed its id as well. Whoever could not store it releases it: its sender tries again.
        """
        key = blake2b(id_, digest_size=16, key=source.encode()[:64]).digest()
        if key in self._until:
            return None
        while self._until and (len(self._until) >= self._most or next(iter(self._until.values())) < now_s):
            self._until.popitem(last=False)
        self._until[key] = until_s
        return key

    def release(self, key: bytes) -> None:
        """It was not stored."""
        self._until.pop(key, None)
