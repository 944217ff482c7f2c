"""The source reads on from where a snapshot says, tells the group no more than is done, and notices what is missing."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from alerts.config import Flow, Kafka
from connectors.kafka.reader import missing
from connectors.kafka.source import VERSION, WebhooksSource
from connectors.kafka.topics import admin, topics
from tests.support.product import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bytewax.inputs import StatefulSourcePartition

    from connectors.kafka.reader import Item
    from connectors.kafka.source import Position

    Part = StatefulSourcePartition[Item, Position]


class Stop:
    """Says when to stop, as told."""

    has_begun = is_over = is_full = False
    oldest_ms: int | None = None

    def ended(self) -> None:
        """Nobody waits for it."""


class Wake:
    """Sleeps shortly."""

    def set(self) -> None:
        """Nobody sleeps long."""

    def wait(self, timeout_s: float) -> None:
        threading.Event().wait(timeout_s)


@pytest.fixture
def kafka(kafka_bootstrap: str, topic_prefix: str) -> Kafka:
    return Kafka(bootstrap=kafka_bootstrap, topic_prefix=topic_prefix, partitions=1)


@contextmanager
def reading(kafka: Kafka, stop: Stop, begin: int | None = None) -> Iterator[Part]:
    """The only partition, read from `begin`."""
    source = WebhooksSource(kafka, Flow(), Wake(), stop, on_start=lambda: None, on_read=lambda: None)
    (name,) = source.list_parts()
    part = source.build_part("kafka", name, {"v": VERSION, "next": begin} if begin is not None else None)
    try:
        yield part
    finally:
        part.close()


def produce(kafka: Kafka, count: int, at_ms: int = 0) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    for number in range(count):
        producer.produce(topics(kafka).webhooks, b"%d" % number, partition=0, timestamp=at_ms)
    assert producer.flush(20) == 0


def read(part: Part, count: int) -> list[int]:
    """The offsets of the next records."""
    found: list[int] = []

    def is_there() -> bool:
        found.extend(stored.offset for _, stored in part.next_batch())
        return len(found) >= count

    wait_for(is_there, f"{count} records")
    return found


def committed(kafka: Kafka) -> int:
    """What the group knows of the partition; negative: nothing."""
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": Flow().group, "log_level": 0})
    (place,) = consumer.committed([TopicPartition(topics(kafka).webhooks, 0)], timeout=20)
    consumer.close()
    return int(place.offset)


def test_it_reads_on_where_the_snapshot_says(kafka: Kafka) -> None:
    with reading(kafka, Stop()) as part:
        produce(kafka, 10)
        assert read(part, 10) == list(range(10))
    with reading(kafka, Stop(), begin=7) as part:
        assert read(part, 3) == [7, 8, 9]


def test_snapshot_names_the_record_after_the_last_one_handed_over(kafka: Kafka) -> None:
    with reading(kafka, Stop()) as part:
        assert part.snapshot() == {"v": VERSION, "next": None}
        produce(kafka, 4)
        read(part, 4)
        assert part.snapshot() == {"v": VERSION, "next": 4}


def test_the_group_is_told_once_the_engine_asks_on_after_a_snapshot(kafka: Kafka) -> None:
    with reading(kafka, Stop()) as part:
        produce(kafka, 3)
        read(part, 3)
        part.snapshot()
        part.next_batch()
    assert committed(kafka) == 3


def test_a_cold_start_begins_before_the_oldest_that_still_waits_for_a_target(kafka: Kafka) -> None:
    """It waits in the snapshot only, and that is gone."""
    now_ms = time.time_ns() // 1_000_000
    ages_s = [7200, 4200, 3500, 1800, 0]
    stop = Stop()
    with reading(kafka, stop) as part:
        for age_s in ages_s:
            produce(kafka, 1, now_ms - age_s * 1000)
        read(part, 5)
        part.next_batch()
        stop.oldest_ms = now_ms - 3500 * 1000
        part.snapshot()
        part.next_batch()
    assert committed(kafka) == 5
    with reading(kafka, Stop()) as part:  # the oldest that waited, and what came up to ten minutes before it
        assert read(part, 3) == [2, 3, 4]


def test_a_cold_start_begins_before_what_was_handed_on_just_before_the_snapshot(kafka: Kafka) -> None:
    """The engine lets it go on after the snapshot: at that moment it waits for no target yet."""
    now_ms = time.time_ns() // 1_000_000
    stop = Stop()
    with reading(kafka, stop) as part:
        stop.is_full = True
        for age_s in (7200, 3600, 0):
            produce(kafka, 1, now_ms - age_s * 1000)
        for _ in range(100):  # two seconds: until all are there
            assert part.next_batch() == []
        stop.is_full = False
        assert len(list(part.next_batch())) == 3
        part.snapshot()
        part.next_batch()
    assert committed(kafka) == 3
    with reading(kafka, Stop()) as part:
        assert read(part, 3) == [0, 1, 2]


def test_the_group_is_not_told_of_a_snapshot_that_may_not_be_written(kafka: Kafka) -> None:
    """A cold start would begin after it, and what its records caused might be nowhere."""
    with reading(kafka, Stop()) as part:
        produce(kafka, 3)
        read(part, 3)
        part.snapshot()
    assert committed(kafka) < 0


def test_nothing_is_handed_over_while_too_much_waits_for_targets(kafka: Kafka) -> None:
    stop = Stop()
    with reading(kafka, stop) as part:
        produce(kafka, 5)
        read(part, 5)
        stop.is_full = True
        produce(kafka, 5)
        assert [part.next_batch() for _ in range(20)] == [[]] * 20
        stop.is_full = False
        assert read(part, 5) == [5, 6, 7, 8, 9]


def test_the_end_comes_when_the_flow_may_end(kafka: Kafka) -> None:
    stop = Stop()
    with reading(kafka, stop) as part:
        stop.has_begun = True
        assert part.next_batch() == []
        stop.is_over = True
        with pytest.raises(StopIteration):
            part.next_batch()


def test_records_that_retention_took_before_they_were_read_are_counted(kafka: Kafka) -> None:
    with reading(kafka, Stop()) as part:
        produce(kafka, 10)
        read(part, 10)
    place = TopicPartition(topics(kafka).webhooks, 0, 6)
    client = admin(kafka)
    client.delete_records([place])[place].result(20)
    before = missing._value.get()
    with reading(kafka, Stop(), begin=2) as part:
        assert read(part, 4) == [6, 7, 8, 9]
    assert missing._value.get() - before == 4
