"""What lies in a real Kafka, by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer

from alerts.config import Kafka
from connectors.kafka.scan import messages
from connectors.kafka.topics import ensure, topics
from winnow._archive import Archive

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DAY = timedelta(days=1)
HOUR_MS = 3_600_000
# Hours ago, by partition, in the order written; of one partition all is old, and one holds nothing.
WRITTEN = {0: (23, 20, 2, 0.1), 1: (30, 22, 1, 0.2), 2: (23.5,)}


def name(partition: int, hours: float) -> str:
    return f"{partition}: {hours:g} h ago"


@pytest.fixture
def kafka(kafka_bootstrap: str, topic_prefix: str) -> Kafka:
    made = Kafka(bootstrap=kafka_bootstrap, topic_prefix=topic_prefix, partitions=4)
    ensure(made)
    return made


@pytest.fixture
def now(kafka: Kafka) -> datetime:
    return put(kafka, WRITTEN)


def put(kafka: Kafka, written: Mapping[int, tuple[float, ...]]) -> datetime:
    now = datetime.now(UTC)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for partition, ages in written.items():
        for hours in ages:
            at_ms = int((now - timedelta(hours=hours)).timestamp() * 1000)
            value = name(partition, hours).encode()
            producer.produce(topics(kafka).decisions, value, partition=partition, timestamp=at_ms)
    assert producer.flush(60) == 0
    return now


Spans = dict[int, list[tuple[float, float]]]


def read(kafka: Kafka, since: datetime, *wanted: Spans) -> list[str]:
    """In the spans, in hours ago; none: all since then."""
    now_ms = datetime.now(UTC).timestamp() * 1000

    def all_of_it(_: int, begin_ms: float) -> list[tuple[float, float]]:
        return [(begin_ms, float("inf"))]

    def part(spans: Spans) -> Callable[[int, float], list[tuple[float, float]]]:
        return lambda at, _: [(now_ms - begin * HOUR_MS, now_ms - end * HOUR_MS) for begin, end in spans.get(at, ())]

    parts = list(map(part, wanted)) or [all_of_it]
    return [stored.value.decode() for stored in Archive(kafka).newest_first(topics(kafka).decisions, since, *parts)]


def test_newest_pieces_of_the_time_come_first_and_each_record_once(kafka: Kafka, now: datetime) -> None:
    found = read(kafka, now - DAY)
    newest, newer, old = found[:2], found[2:4], found[4:]
    assert sorted(newest) == [name(0, 0.1), name(1, 0.2)]
    assert newer == [name(1, 1), name(0, 2)]
    assert sorted(old) == [name(0, 20), name(0, 23), name(1, 22), name(2, 23.5)]
    assert old.index(name(0, 23)) < old.index(name(0, 20))


def test_spans_alone_are_read_the_newest_first(kafka: Kafka, now: datetime) -> None:
    spans: Spans = {0: [(23.5, 21), (20.5, 19), (0.2, -9)], 1: [(21, 2)]}
    assert read(kafka, now - DAY, spans) == [name(0, 0.1), name(0, 20), name(0, 23)]
    assert read(kafka, now - DAY, {2: [(30, -1)]}, spans)[:2] == [name(2, 23.5), name(0, 0.1)]
    assert read(kafka, now - DAY, {}) == []


def test_nothing_since_then_is_nothing(kafka: Kafka, now: datetime) -> None:
    assert read(kafka, now - timedelta(minutes=1)) == []


def test_topic_that_holds_nothing_gives_nothing(kafka: Kafka) -> None:
    assert read(kafka, datetime.now(UTC) - DAY) == []


def test_record_at_the_end_of_the_time_is_not_in_it(kafka: Kafka, now: datetime) -> None:
    begin, end = now - timedelta(hours=22), now - timedelta(hours=2)
    found = messages(kafka, topics(kafka).decisions, range(4), begin, end)
    assert sorted((one.value() or b"").decode() for one in found) == [name(0, 20), name(1, 22)]
