"""Which alert's turn comes when: one moment for each name, the earliest first. Pure."""

from __future__ import annotations

import heapq
from collections import deque

_SLACK = 64
"""So many outdated entries are not worth a clean-up."""

_Entry = tuple[int, int, str]


class Agenda:
    """Names by moment; those of one moment in the order they were put."""

    def __init__(self) -> None:
        self._turns: dict[str, int] = {}
        """The one entry of each name that counts: others are outdated."""
        self._line: deque[_Entry] = deque()
        """Those put no earlier than the one before: nearly all, and they need no heap."""
        self._heap: list[_Entry] = []
        self._turn = 0

    def __len__(self) -> int:
        return len(self._turns)

    def put(self, name: str, at_ms: int) -> None:
        """Put `name` at this moment, and no longer at another."""
        turn = self._turn = self._turn + 1
        self._turns[name] = turn
        line = self._line
        if not line or line[-1][0] <= at_ms:
            line.append((at_ms, turn, name))
        else:
            heapq.heappush(self._heap, (at_ms, turn, name))
        if len(line) + len(self._heap) > 2 * len(self._turns) + _SLACK:
            self._clean_up()

    def drop(self, name: str) -> None:
        """Forget `name`, if it is there."""
        self._turns.pop(name, None)

    def first_ms(self) -> int | None:
        """The earliest moment; None if nothing is put."""
        first = self._first()
        return first[0] if first else None

    def due(self, now_ms: int) -> str | None:
        """The name of the earliest moment, if that has come."""
        first = self._first()
        return first[2] if first and first[0] <= now_ms else None

    def pop(self) -> str:
        """Take out the name of the earliest moment; there must be one."""
        first = self._first()
        if first is None:
            raise IndexError("nothing is put")
        if self._line and self._line[0] is first:
            self._line.popleft()
        else:
            heapq.heappop(self._heap)
        del self._turns[first[2]]
        return first[2]

    def names(self) -> list[str]:
        """All that are put."""
        return list(self._turns)

    def _first(self) -> _Entry | None:
        turns, line, heap = self._turns, self._line, self._heap
        while line and turns.get(line[0][2]) != line[0][1]:
            line.popleft()
        while heap and turns.get(heap[0][2]) != heap[0][1]:
            heapq.heappop(heap)
        if not heap:
            return line[0] if line else None
        return min(line[0], heap[0]) if line else heap[0]

    def _clean_up(self) -> None:
        turns = self._turns
        self._line = deque([entry for entry in self._line if turns.get(entry[2]) == entry[1]])
        self._heap = [entry for entry in self._heap if turns.get(entry[2]) == entry[1]]
        heapq.heapify(self._heap)
