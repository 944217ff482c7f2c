"""Partitions, so many at a time that what is held of them stays within bounds."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Groups:
    """How many records a partition has is known before, how much is held of a record only afterwards."""

    def __init__(self, records: Mapping[int, int], at_most: int) -> None:
        """Take these partitions, with `at_most` held of each group or one partition's, whatever that is."""
        self._left = deque(records.items())
        self._at_most = at_most
        self._taken = 0
        self._per_record = 0.0

    def take(self) -> list[int]:
        """The next group, empty at the end; before anything is known, one partition that has records."""
        room = self._at_most / self._per_record if self._per_record else 0
        group: list[int] = []
        self._taken = 0
        while self._left and (not self._taken or self._taken + self._left[0][1] <= room):
            partition, records = self._left.popleft()
            group.append(partition)
            self._taken += records
        return group

    def held(self, count: int) -> None:
        """So much was held of the last one: as much is expected of the records of the next, or what was more before."""
        if self._taken:
            self._per_record = max(self._per_record, count / self._taken)
