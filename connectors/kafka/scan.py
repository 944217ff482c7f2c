"""Reads a topic from some moment to its end of now, and stops there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from alerts.errors import KafkaError
from alerts.record import Stored
from connectors.kafka.patience import all_told, patiently

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from confluent_kafka import Message as Consumed

    from alerts.config import Kafka

_TIMEOUT_S = 10.0
_AT_ONCE = 1000
# One partition of 190 MB is read in 0.4 s; with librdkafka's defaults (1 MiB at a time, and a second's pause when its
# queue is full) it takes 1.5 s.
_IN_BULK = {"max.partition.fetch.bytes": 8 * 1024**2, "fetch.queue.backoff.ms": 10}


def scan(kafka: Kafka, topic: str, partitions: Iterable[int], since: datetime | None = None) -> Iterator[Stored]:
    """The records of these partitions, from `since` (None: the oldest kept) up to what is there now.

    In a partition they come in order; partitions are mixed.

    Raises:
        KafkaError: No broker answers, the topic is missing, or it stops answering on the way.
    """
    return map(stored, messages(kafka, topic, partitions, since))


def messages(
    kafka: Kafka, topic: str, partitions: Iterable[int], since: datetime | None = None, until: datetime | None = None
) -> Iterator[Consumed]:
    """The same with all that Kafka holds of each record, its headers among it; none from the first at `until` on.

    Raises:
        KafkaError: As above.
    """
    settings = {"bootstrap.servers": kafka.bootstrap, "group.id": "winnow-scan", "enable.auto.commit": False}
    try:
        consumer = Consumer({**settings, **_IN_BULK, "auto.offset.reset": "earliest", "log_level": 0, **kafka.client})
    except KafkaException as error:
        raise KafkaError(f"kafka.client: {error.args[0].str()}") from error
    try:
        ends = _ends(consumer, topic, partitions)
        if until is not None:
            _cut(consumer, topic, ends, until)
        consumer.assign(_starts(consumer, topic, ends, since))
        yield from _until(consumer, ends)
    except KafkaException as error:
        raise KafkaError(f"reading {topic} from {kafka.bootstrap}: {error.args[0].str()}") from error
    finally:
        consumer.close()


def stored(message: Consumed) -> Stored:
    """What of a record the flow would see."""
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    return Stored(partition, offset, message.timestamp()[1], message.value() or b"")


def _ends(consumer: Consumer, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """For each partition that holds anything, the offset after its last record."""
    ends: dict[int, int] = {}
    for partition in partitions:
        place = TopicPartition(topic, partition)
        low, high = patiently(partial(consumer.get_watermark_offsets, place, timeout=_TIMEOUT_S))
        if high > low:
            ends[partition] = high
    return ends


def _cut(consumer: Consumer, topic: str, ends: dict[int, int], until: datetime) -> None:
    """Where there is a record as new as that, that is the end."""
    for place in _found(consumer, topic, ends, until):
        if place.offset >= 0:
            ends[place.partition] = place.offset


def _found(consumer: Consumer, topic: str, partitions: Iterable[int], moment: datetime) -> list[TopicPartition]:
    """The first record of each partition that was written then or later; an offset below 0: there is none."""
    asked = [TopicPartition(topic, partition, int(moment.timestamp() * 1000)) for partition in partitions]
    return patiently(lambda: all_told(consumer.offsets_for_times(asked, timeout=_TIMEOUT_S))) if asked else []


def _starts(consumer: Consumer, topic: str, ends: dict[int, int], since: datetime | None) -> list[TopicPartition]:
    if since is None:
        return [TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in ends]
    starts = [place for place in _found(consumer, topic, ends, since) if 0 <= place.offset < ends[place.partition]]
    for partition in ends.keys() - {place.partition for place in starts}:  # nothing as new as that
        del ends[partition]
    return starts


def _until(consumer: Consumer, ends: dict[int, int]) -> Iterator[Consumed]:
    open_ends = dict(ends)
    while open_ends:
        # With more than one to wait for it would wait until that many are there, or the time is up.
        messages = consumer.consume(_AT_ONCE, 0) or consumer.consume(1, _TIMEOUT_S)
        if not messages:
            raise KafkaError(f"the broker stopped answering; {len(open_ends)} partitions were not read to their end")
        for message in messages:
            error = message.error()
            if error is not None:
                raise KafkaException(error)
            partition, offset = message.partition(), message.offset()
            assert partition is not None
            assert offset is not None
            end = ends[partition]
            if offset < end:
                yield message
            if offset >= end - 1:
                open_ends.pop(partition, None)
