"""When a name may have been decided, by the index of names (`alerts/name_index.py`) and where that says nothing."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson

from alerts.name_index import HOUR_MS, VERSION
from connectors.kafka.topics import topics
from winnow._foreign import NOT_OURS
from winnow._output import shown

if TYPE_CHECKING:
    from datetime import datetime

    from alerts.config import Kafka
    from alerts.record import Stored
    from connectors.kafka.scan import Span
    from winnow._archive import Archive

LOOK_BACK = timedelta(hours=2)
"""So long before a moment the index is read for it: names are told anew in each hour."""
# A decision is written up to five minutes after its name was told, and only then is it known of a name that it was
# lost (`connectors/kafka/sink.py`); brokers may stamp both five minutes later, and clocks differ by five.
_SLACK_MS = 900_000
_UP_TO_NOW = float("inf")
# More than Kafka can be asked for.
_MOMENTS_END_MS = 1 << 50


class _Partition:
    """What the index says of a partition."""

    def __init__(self) -> None:
        self._told: dict[int, int] = {}
        """Of each process since when it told all names, and by now until when."""
        self._newest = 0
        """Of the hours."""
        self._named: set[tuple[int, int]] = set()
        """The hours in which the name was told, each with the newest there was by then."""

    def take(self, since_ms: int, at_ms: int, *, is_named: bool) -> None:
        """Take a record, in the order written."""
        hour = at_ms // HOUR_MS
        self._told[since_ms] = at_ms
        # What is written after a clock was set back lies, for who looks by time, behind what was newest before.
        self._newest = max(self._newest, hour)
        if is_named:
            self._named.add((hour, self._newest))

    def named(self) -> list[Span]:
        """When the name may have been decided, by what was told of it."""
        return [(first * HOUR_MS - _SLACK_MS, (last + 1) * HOUR_MS + _SLACK_MS) for first, last in self._named]

    def told(self, known_ms: float) -> list[Span]:
        """Of which times all names were told; what was told before `known_ms` has gaps."""
        told = ((max(since_ms, known_ms) + _SLACK_MS, at_ms - _SLACK_MS) for since_ms, at_ms in self._told.items())
        return [(begin, end) for begin, end in told if begin < end]


class Index:
    """What the index says of one name, or of all that it lacks."""

    def __init__(self, name: str | None = None) -> None:
        """Of this name; None: of none, so what is left is what the index does not know."""
        self.names: set[str] = set()
        """All that are told."""
        self._name = name
        self._partitions: dict[int, _Partition] = defaultdict(_Partition)
        self._known_ms = _UP_TO_NOW

    def take(self, stored: Stored) -> None:
        """Take a record of the names topic, in the order written; what is none is passed over."""
        if self._known_ms == _UP_TO_NOW:
            # Whatever was told before the first that is kept, or read: an hour later all of it was told anew.
            self._known_ms = stored.accepted_ms + HOUR_MS
        with suppress(*NOT_OURS):
            partition, since_ms, at_ms, names = _opened(stored.value)
            self._partitions[partition].take(since_ms, at_ms, is_named=names is None or self._name in names)
            self.names.update(names or ())

    def named(self, partition: int, begin_ms: float) -> list[Span]:
        """When, from `begin_ms` on, decisions about the name were written, by what was told of it; from old to new."""
        named = sorted((max(begin, begin_ms), end) for begin, end in self._partitions[partition].named())
        joined: list[Span] = []
        for begin, end in named:
            if joined and begin <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            elif begin < end:
                joined.append((begin, end))
        return joined

    def unknown(self, partition: int, begin_ms: float) -> list[Span]:
        """Of which other times from `begin_ms` on the index says nothing, from old to new."""
        found = self._partitions[partition]
        left: list[Span] = []
        for begin, end in sorted([*found.named(), *found.told(self._known_ms)]):
            if begin_ms < begin:
                left.append((begin_ms, begin))
            begin_ms = max(begin_ms, end)
        return [*left, (begin_ms, _UP_TO_NOW)]


def index(kafka: Kafka, archive: Archive, since: datetime, name: str | None = None) -> Index:
    """What the index says of what was decided since then; nothing if there is none.

    Raises:
        KafkaError: No broker answers.
    """
    topic, found = topics(kafka).names, Index(name)
    for stored in shown(topic, archive.records(topic, since - LOOK_BACK)) if archive.holds(topic) else ():
        found.take(stored)
    return found


def _opened(value: bytes) -> tuple[int, int, int, list[str] | None]:
    """Partition, since_ms, at_ms and names of a record; raises one of `NOT_OURS` if it is none."""
    record = orjson.loads(value)
    names, moments = record["names"], (record["since_ms"], record["at_ms"])
    if record["v"] != VERSION or not all(0 <= moment_ms < _MOMENTS_END_MS for moment_ms in moments):
        raise ValueError
    "".join(names or ())
    return record["partition"], *moments, names
