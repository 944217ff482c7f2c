"""Which alert's turn comes when: one moment for each name, the earliest first. Pure."""

from __future__ import annotations

import heapq

_SLACK = 64
"""So many outdated entries are not worth a clean-up."""


class Agenda:
    """Names by moment; those of one moment in the order they were put."""

    def __init__(self) -> None:
        self._turns: dict[str, int] = {}
        """The one entry of each name that counts: others in the heap are outdated."""
        self._heap: list[tuple[int, int, str]] = []
        self._turn = 0

    def __len__(self) -> int:
        return len(self._turns)

    def put(self, name: str, at_ms: int) -> None:
        """Put `name` at this moment, and no longer at another."""
        self._turn += 1
        self._turns[name] = self._turn
        heapq.heappush(self._heap, (at_ms, self._turn, name))
        if len(self._heap) > 2 * len(self._turns) + _SLACK:
            self._heap = [entry for entry in self._heap if self._turns.get(entry[2]) == entry[1]]
            heapq.heapify(self._heap)

    def drop(self, name: str) -> None:
        """Forget `name`, if it is there."""
        self._turns.pop(name, None)

    def first_ms(self) -> int | None:
        """The earliest moment; None if nothing is put."""
        while self._heap and self._turns.get(self._heap[0][2]) != self._heap[0][1]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now_ms: int) -> str | None:
        """The name of the earliest moment, if that has come."""
        first_ms = self.first_ms()
        return None if first_ms is None or first_ms > now_ms else self._heap[0][2]

    def pop(self) -> str:
        """Take out the name of the earliest moment; there must be one."""
        self.first_ms()
        name = heapq.heappop(self._heap)[2]
        del self._turns[name]
        return name

    def names(self) -> list[str]:
        """All that are put."""
        return list(self._turns)
