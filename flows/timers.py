"""Until when the firing alerts of a partition hold, and which of them are due: 8 bytes an alert in a snapshot.

The rows lie beside those of `flows.memory` and have their numbers; a row is the first full second at or after the end,
and the last 32 bits of the offset of the record that last said so. There are none until the first alert has an end.

What is due is found by a wheel: each alert stands in the bucket of one second and is looked at when that comes. A
renewal, one a minute for each alert, only writes its row; when its bucket comes the alert moves on to the later one.
"""

from __future__ import annotations

from array import array
from heapq import heappop, heappush
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from alerts.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ROW = Struct("<II")
_HEAD = Struct("<Q")
_OFFSETS = 1 << 32
_NEVER = 2**32 - 1
"""In place of an end: it was said to fire without one. In the year 2106."""


class Ending(NamedTuple):
    """An alert whose end has come."""

    key: int
    """Its fingerprint."""
    ends_ms: int
    """In full seconds, rounded up."""
    offset: int
    """Of the record that last said that it fires."""


class Timers:
    """Ends by row number."""

    def __init__(self, rows: bytes = b"", keys: Iterable[int] = ()) -> None:
        """Know what `packed` returned; `keys` are the fingerprints of the rows in their order.

        Raises:
            FormatError: It is cut.
        """
        if len(rows) % _ROW.size:
            raise FormatError(f"timer rows are {_ROW.size} bytes each, and {len(rows)} bytes are in the snapshot")
        self._newest: int = _HEAD.unpack_from(rows)[0] if rows else 0
        """The newest offset that was told: the others lie within 2**32 before it."""
        rows = rows[_HEAD.size :]
        self._rows = bytearray(rows)
        self.is_used = bool(rows)
        """Whether any alert ever had an end."""
        self._stands = array("I", bytes(4 * (len(rows) // _ROW.size)))
        """In which second's bucket each stands; 0: in none."""
        self._wheel: dict[int, array[int]] = {}
        """Fingerprints by second. One that has moved, or is gone, is noticed when its second comes."""
        self._seconds: list[int] = []
        """Those of the wheel, as a heap."""
        for number, (key, (second, _)) in enumerate(zip(keys, _ROW.iter_unpack(rows), strict=False)):
            if 0 < second < _NEVER:
                self._stand(number, key, second)

    def __len__(self) -> int:
        return len(self._stands)

    def put(self, number: int, key: int, ends_ms: int, offset: int) -> None:
        """It fires until then; of several ends the latest holds, as in Alertmanager."""
        second = -(-ends_ms // 1000)
        if not 0 < second < _NEVER:
            self.hold(number)
            return
        if number >= len(self._stands):
            self.is_used = True
            count = number + 1 - len(self._stands)
            self._rows += bytes(count * _ROW.size)
            self._stands.frombytes(bytes(4 * count))
        held, _ = _ROW.unpack_from(self._rows, number * _ROW.size)
        if second < held < _NEVER:
            return
        _ROW.pack_into(self._rows, number * _ROW.size, second, offset % _OFFSETS)
        self._newest = max(self._newest, offset)
        stands = self._stands[number]
        if not stands or second < stands:
            self._stand(number, key, second)

    def hold(self, number: int) -> None:
        """It fires, and nobody says until when: no end that was told before may end it."""
        if number < len(self._stands):
            _ROW.pack_into(self._rows, number * _ROW.size, _NEVER, 0)

    def clear(self, number: int) -> None:
        """It fires no longer."""
        if number < len(self._stands):
            _ROW.pack_into(self._rows, number * _ROW.size, 0, 0)

    def ends_ms(self, number: int) -> int:
        """Until when it fires; 0 if no end is known."""
        if number >= len(self._stands):
            return 0
        second: int = _ROW.unpack_from(self._rows, number * _ROW.size)[0]
        return second * 1000

    def is_timed(self, number: int) -> bool:
        """Whether its end is still to come."""
        return 0 < self.ends_ms(number) < _NEVER * 1000

    def drop(self, number: int, last: int) -> None:
        """The last row takes the place of the one that goes."""
        if last < len(self._stands):
            if number != last:
                at = number * _ROW.size
                self._rows[at : at + _ROW.size] = self._rows[-_ROW.size :]
                self._stands[number] = self._stands[last]
            del self._rows[-_ROW.size :]
            self._stands.pop()
        elif number < len(self._stands):
            self.clear(number)
            self._stands[number] = 0

    def due(self, now_ms: int, again_ms: int, at_most: int, number_of: Callable[[int], int | None]) -> list[Ending]:
        """Those whose end has come at `now_ms`; each is due again after `again_ms`, unless it changes.

        At most so many alerts are looked at; the rest is due at once.
        """
        found: list[Ending] = []
        while self._seconds and self._seconds[0] * 1000 <= now_ms and at_most > 0:
            second = self._seconds[0]
            bucket = self._wheel[second]
            while bucket and at_most > 0:
                key = bucket.pop()
                at_most -= 1
                number = number_of(key)
                if number is not None and number < len(self._stands) and self._stands[number] == second:
                    self._stands[number] = 0
                    found += self._looked_at(number, key, now_ms, again_ms)
            if not bucket:
                heappop(self._seconds)
                del self._wheel[second]
        return found

    def _looked_at(self, number: int, key: int, now_ms: int, again_ms: int) -> list[Ending]:
        second, offset = _ROW.unpack_from(self._rows, number * _ROW.size)
        if not 0 < second < _NEVER:
            return []
        if second * 1000 > now_ms:
            self._stand(number, key, second)
            return []
        self._stand(number, key, -(-(now_ms + again_ms) // 1000))
        return [Ending(key, second * 1000, self._newest - (self._newest - offset) % _OFFSETS)]

    def next_ms(self) -> int | None:
        """When to look again; None: there is nothing to look at."""
        return self._seconds[0] * 1000 if self._seconds else None

    def packed(self) -> bytes:
        """All that `__init__` needs, a copy."""
        return _HEAD.pack(self._newest) + self._rows if self._rows else b""

    def _stand(self, number: int, key: int, second: int) -> None:
        self._stands[number] = second
        bucket = self._wheel.get(second)
        if bucket is None:
            bucket = self._wheel[second] = array("Q")
            heappush(self._seconds, second)
        bucket.append(key)
