"""Reads a topic from some moment to its end of now, and stops there."""

from __future__ import annotations

from functools import partial
from math import isfinite
from typing import TYPE_CHECKING

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from alerts.errors import KafkaError
from alerts.record import Stored
from connectors.kafka.patience import all_told, patiently

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from confluent_kafka import Message as Consumed

    from alerts.config import Kafka

Span = tuple[float, float]
"""From a moment on, until another: milliseconds since the epoch; infinity: up to what is there now."""

_TIMEOUT_S = 10.0
_AT_ONCE = 1000
# By default librdkafka pauses for a second when its queue is full. More than its 1 MiB at a time is no faster, and most
# of it is beyond the end of a short span: of 270 MB in 32 partitions, 8 MiB at a time, 90 % of the time went there.
_IN_BULK = {"fetch.queue.backoff.ms": 10}


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
    places = list(partitions)
    begins = None if since is None else dict.fromkeys(places, _ms(since))
    return _read(kafka, topic, places, begins, {} if until is None else dict.fromkeys(places, _ms(until)))


def within(kafka: Kafka, topic: str, spans: Mapping[int, Span]) -> Iterator[Consumed]:
    """The same of each of these partitions in a span of its own.

    Raises:
        KafkaError: As above.
    """
    begins = {partition: int(begin) for partition, (begin, _) in spans.items()}
    untils = {partition: int(until) for partition, (_, until) in spans.items() if isfinite(until)}
    return _read(kafka, topic, spans, begins, untils)


def _read(
    kafka: Kafka, topic: str, partitions: Iterable[int], begins: Mapping[int, int] | None, untils: Mapping[int, int]
) -> Iterator[Consumed]:
    settings = {"bootstrap.servers": kafka.bootstrap, "group.id": "winnow-scan", "enable.auto.commit": False}
    try:
        consumer = Consumer({**settings, **_IN_BULK, "auto.offset.reset": "earliest", "log_level": 0, **kafka.client})
    except KafkaException as error:
        raise KafkaError(f"kafka.client: {error.args[0].str()}") from error
    try:
        ends = _ends(consumer, topic, partitions)
        _cut(consumer, topic, ends, untils)
        consumer.assign(_starts(consumer, topic, ends, begins))
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


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _cut(consumer: Consumer, topic: str, ends: dict[int, int], untils: Mapping[int, int]) -> None:
    """Where there is a record as new as that, that is the end."""
    for place in _found(consumer, topic, {partition: untils[partition] for partition in ends if partition in untils}):
        if place.offset >= 0:
            ends[place.partition] = place.offset


def _found(consumer: Consumer, topic: str, moments: Mapping[int, int]) -> list[TopicPartition]:
    """The first record of each partition that was written then or later; an offset below 0: there is none."""
    asked = [TopicPartition(topic, partition, moment_ms) for partition, moment_ms in moments.items()]
    return patiently(lambda: all_told(consumer.offsets_for_times(asked, timeout=_TIMEOUT_S))) if asked else []


def _starts(
    consumer: Consumer, topic: str, ends: dict[int, int], begins: Mapping[int, int] | None
) -> list[TopicPartition]:
    if begins is None:
        return [TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in ends]
    found = _found(consumer, topic, {partition: begins[partition] for partition in ends})
    starts = [place for place in found if 0 <= place.offset < ends[place.partition]]
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
