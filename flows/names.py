"""Keeps the index of names (`alerts/name_index.py`): which names the decisions of a partition have, hour by hour."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

import structlog

from alerts.decision import NAME_MAX_CHARS
from alerts.name_index import HOUR_MS, VERSION
from connectors.request import Message
from flows.decision_rows import encode
from flows.trail import fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from alerts.alert import Arrival
    from flows.chunk import Chunk

log = structlog.get_logger()

NAMES_MAX = 1_000
"""In a partition and an hour; more of them are told as any."""
# What was decided after a partition's last record is read without the index.
_TOLD_EVERY_MS = 300_000
# Of an Arrival, as quick as C.
_name = itemgetter(3)


class _Hour:
    """The present hour of a partition."""

    def __init__(self, since_ms: int) -> None:
        self.since_ms = since_ms
        self.told_ms = 0
        self.is_full = False
        self._number = 0
        self._names: set[str] = set()

    def fresh(self, arrivals: Sequence[Arrival], at_ms: int) -> set[str]:
        """Their names that are new in the hour of that moment; none once it has too many."""
        number = at_ms // HOUR_MS
        if number != self._number:
            self._number, self._names, self.is_full = number, set(), False
        if self.is_full or self._names.issuperset(map(_name, arrivals)):
            return set()
        fresh = {name[:NAME_MAX_CHARS] for name in map(_name, arrivals)} - self._names
        self._names |= fresh
        self.is_full = len(self._names) > NAMES_MAX
        return fresh


class Names:
    """Tells which names are new in each partition; what it knows of them is in no snapshot, and told again."""

    def __init__(self, topic: str, now_ms: Callable[[], int]) -> None:
        """Write to `topic`; `now_ms` is the clock by which decisions are written."""
        self._topic = topic
        self._now_ms = now_ms
        self._hours: dict[int, _Hour] = {}
        self._is_ended = False

    def end(self, reason: str) -> None:
        """Tell no more until the next start: a record was lost, and later ones would claim what it held."""
        if not self._is_ended:
            self._is_ended = True
            log.warning("names_lost", reason=reason, so="winnow explain reads all decisions for a name")

    def of_chunk(self, chunk: Chunk) -> Iterator[tuple[str, Message]]:
        """What is to be told before the decisions of a chunk."""
        if self._is_ended or not chunk.arrivals:
            return
        partition, at_ms = chunk.partition, self._now_ms()
        hour = self._hours.get(partition)
        if hour is None:
            hour = self._hours[partition] = _Hour(at_ms)
        fresh = hour.fresh(chunk.arrivals, at_ms)
        if not fresh and at_ms - hour.told_ms < _TOLD_EVERY_MS:
            return
        hour.told_ms = at_ms
        head: dict[str, object] = {"v": VERSION, "partition": partition, "since_ms": hour.since_ms, "at_ms": at_ms}
        values = [encode({**head, "names": None})] if hour.is_full else fitted(head, "names", sorted(fresh))
        for value in values:
            yield str(partition), Message(self._topic, value, partition=0)
