"""Judges once more what lies in Kafka or in a file, some partitions at a time, and hands on what comes out."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from connectors.kafka.topics import topics
from flows.again import again
from flows.decided import CLOCKS_DIFFER_MS
from winnow._alert_file import EVERYTHING, source
from winnow._archive import Archive
from winnow._progress import progress
from winnow._recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from alerts.config import Config
    from alerts.decision import Delivery
    from alerts.record import Stored
    from connectors.request import Message
    from winnow._compared import Counting
    from winnow._recorded import Span

# So many decisions are held at a time, or one partition's: 0.5 KB each. Each group costs a third of a second more.
_HELD = 250_000


class Planning(Protocol):
    """Takes note of what would be sent, and of what has been."""

    def heard(self, record: Stored) -> None:
        """Take a record of the decisions topic; all of an alert come before `planned` is told of it."""

    def planned(self, delivery: Delivery) -> None:
        """Take a delivery; those of an alert come in order."""


def from_kafka(config: Config, span: Span, counting: Counting, planning: Planning | None = None) -> None:
    """Judge what Kafka holds of this time range, by what it holds of decisions as if dedup had been there before.

    Raises:
        KafkaError: A topic is missing, or no broker answers.
    """
    names = topics(config.kafka)
    archive = Archive(config.kafka)
    since, decided = _moment(span.warm_ms), _moment(span.warm_ms - CLOCKS_DIFFER_MS)
    total = archive.count(names.webhooks, since) + archive.count(names.decisions, decided)
    partitions, size = archive.partitions(names.webhooks), 1
    with progress(total) as seen, _few_collections():
        while partitions:
            # An alert's decisions lie in the partition of the same number, so a group is complete by itself.
            group, partitions = partitions[:size], partitions[size:]
            recorded = Recorded(span)
            for record in seen(names.decisions, archive.records(names.decisions, decided, group)):
                recorded.read(record.value)
                if planning is not None:
                    planning.heard(record)
            size = max(1, _HELD * len(group) // (len(recorded.rows) or 1))
            counting.begin(recorded)
            records = _up_to(seen(names.webhooks, archive.records(names.webhooks, since, group)), group, span)
            take = _decisions(names.decisions, counting.take)
            plan = None if planning is None else planning.planned
            again(config, records, recorded.advice, take, recorded.known, plan)
            counting.end()


def from_file(config: Config, file: Path, before: Config | None, counting: Counting) -> None:
    """Judge what a file holds; what counts as decided is what `before` decides about it, if there is one.

    Raises:
        WinnowError: The file cannot be read, or is none of `winnow export`.
    """
    recorded = Recorded(EVERYTHING)
    with progress(None) as seen, _few_collections(), source(file, is_read_twice=before is not None) as records:
        if before is not None:
            again(before, seen(file.name, records()), {}, _decisions(topics(before.kafka).decisions, recorded.read))
        counting.begin(recorded)
        again(config, seen(file.name, records()), {}, _decisions(topics(config.kafka).decisions, counting.take))
        counting.end()


def _decisions(topic: str, take: Callable[[bytes], None]) -> Callable[[Message], None]:
    def of(message: Message) -> None:
        if message.topic == topic:
            take(message.value)

    return of


def _up_to(records: Iterator[Stored], partitions: Sequence[int], span: Span) -> Iterator[Stored]:
    """The records, no further than they can count."""
    end_ms, unfinished = span.until_ms + CLOCKS_DIFFER_MS, set(partitions)
    for record in records:
        if record.accepted_ms < end_ms:
            yield record
            continue
        unfinished.discard(record.partition)
        if not unfinished:
            return


def _moment(at_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=max(0, at_ms))


@contextmanager
def _few_collections() -> Iterator[None]:
    """As the flow does it (flows/plumbing/runtime.py)."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
