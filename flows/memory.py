"""What dedup remembers of a partition's alerts: one packed row each, so that a snapshot is one copy of bytes.

Measured at a million alerts: a dict of tuples takes 288 bytes each and 0.4 s to pickle, rows with their index 128
bytes and 0.05 s. A row is fingerprint, 4 * passed_ms + status, starts_ms, turn, firings and resolves.
"""

from __future__ import annotations

from array import array
from struct import Struct
from typing import NamedTuple

from alerts.errors import FormatError
from flows.timers import Timers

_ROW = Struct("<QqqiHH")
_KEY = Struct(f"<Q{_ROW.size - 8}x")
# A row as numbers of eight bytes; the second is when it passed, and reading that from an array is half the price.
_WIDTH = _ROW.size // 8
_PASSED = 1
TURN_MAX = 2**31 - 1
COUNT_MAX = 2**16 - 1
"""Turns and counts beyond are remembered as these."""

_numbers: list[int] = []
"""Of rows: the indexes of all partitions share them, which saves 32 bytes an alert."""


class Entry(NamedTuple):
    """One alert."""

    key: int
    """Its fingerprint."""
    passed_ms: int
    """When it last passed."""
    starts_ms: int
    """The newest startsAt it told."""
    turn: int
    """How many windows after `starts_ms` that was."""
    firings: int
    """How often it was told as firing in this turn."""
    resolves: int
    status: int
    """What passed last, in dedup's numbers: 0 to 3."""


class Memory:
    """Entries by fingerprint."""

    def __init__(self, rows: bytes = b"", timers: bytes = b"") -> None:
        """Remember what `packed` returned, and what that of `timers` did.

        Raises:
            FormatError: It is cut.
        """
        if len(rows) % _ROW.size:
            raise FormatError(f"dedup rows are {_ROW.size} bytes each, and {len(rows)} bytes are in the snapshot")
        self._rows = array("q", rows)
        _count_to(len(rows) // _ROW.size)
        self._places = {key: number for (key,), number in zip(_KEY.iter_unpack(rows), _numbers, strict=False)}
        """The number of each row, by fingerprint."""
        self.timers = Timers(timers, (key for (key,) in _KEY.iter_unpack(rows)))
        """Until when its alerts hold, by the same numbers."""
        if len(self.timers) > len(self._places):
            raise FormatError("more timers than alerts are in the snapshot")
        self._hand = 0
        """Where `sweep` goes on."""

    def __len__(self) -> int:
        return len(self._places)

    def number(self, key: int) -> int | None:
        """The number of an alert's row, until the next `sweep`."""
        return self._places.get(key)

    def last(self, key: int) -> int | None:
        """When an alert last passed and its status then, `4 * passed_ms + status`; None: it is not remembered.

        All that a repeat needs, and most alerts are repeats.
        """
        number = self._places.get(key)
        return None if number is None else self._rows[number * _WIDTH + _PASSED]

    def get(self, key: int) -> Entry | None:
        """What is remembered of an alert."""
        number = self._places.get(key)
        if number is None:
            return None
        _, passed, starts_ms, turn, firings, resolves = _ROW.unpack_from(self._rows, number * _ROW.size)
        return Entry(key, passed >> 2, starts_ms, turn, firings, resolves, passed & 3)

    def put(self, entry: Entry | tuple[int, int, int, int, int, int, int]) -> None:
        """Remember this of its alert."""
        key, passed_ms, starts_ms, turn, firings, resolves, status = entry
        if not -TURN_MAX <= turn <= TURN_MAX:
            turn = max(-TURN_MAX, min(turn, TURN_MAX))
        if firings > COUNT_MAX or resolves > COUNT_MAX:
            firings, resolves = min(COUNT_MAX, firings), min(COUNT_MAX, resolves)
        row = _ROW.pack(key, passed_ms << 2 | status, starts_ms, turn, firings, resolves)
        number = self._places.get(key)
        if number is not None:
            self._rows[number * _WIDTH : (number + 1) * _WIDTH] = array("q", row)
            return
        number = len(self._places)
        if number >= len(_numbers):
            _count_to(number + 1)
        self._places[key] = _numbers[number]
        self._rows.frombytes(row)

    def sweep(self, count: int, until_ms: int) -> None:
        """Look at the next `count` rows, up to the last one, and forget those that passed at `until_ms` or earlier.

        A few rows a call rather than all at once, for that would be a pause.
        """
        first = self._hand if self._hand < len(self._places) else 0
        end = min(first + count, len(self._places))
        times = self._rows[first * _WIDTH + _PASSED : end * _WIDTH : _WIDTH]
        limit = until_ms << 2 | 3
        old: list[int] = []
        if times and min(times) <= limit:
            old = [number for number, passed in enumerate(times, first) if passed <= limit]
        if self.timers.is_used:  # what is yet to end is needed until then
            old = [number for number in old if not self.timers.is_timed(number)]
        for number in reversed(old):  # from the end: what takes a row's place has been looked at
            self._drop(number)
        self._hand = old[0] if old else end

    def packed(self) -> bytes:
        """All rows, a copy."""
        return self._rows.tobytes()

    def _drop(self, number: int) -> None:
        """The last row takes the place of the one that goes."""
        (key,) = _KEY.unpack_from(self._rows, number * _ROW.size)
        del self._places[key]
        last = self._rows[-_WIDTH:]
        del self._rows[-_WIDTH:]
        self.timers.drop(number, len(self._places))
        if number < len(self._places):
            self._rows[number * _WIDTH : (number + 1) * _WIDTH] = last
            self._places[_KEY.unpack(last)[0]] = _numbers[number]


def _count_to(count: int) -> None:
    _numbers.extend(range(len(_numbers), count))
