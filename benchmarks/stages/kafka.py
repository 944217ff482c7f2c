"""Records go to Kafka and come back: what Winnow's clients take beside librdkafka alone."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from benchmarks import events
from benchmarks.stage import Limit, Stage
from connectors.kafka import topics
from connectors.kafka.producer import AcknowledgedProducer, Batch
from connectors.kafka.scan import scan
from connectors.request import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Kafka
    from benchmarks.settings import Bench

_COUNT = 1000
_TIMEOUT = timedelta(seconds=30)
_AS_OURS = {"acks": "all", "enable.idempotence": True, "linger.ms": 1, "compression.type": "lz4", "log_level": 0}


def stages(bench: Bench) -> Iterator[Stage]:
    """CPU a record of one alert, of all threads."""
    kafka = bench.kafka("stages", 1)
    topics.ensure(kafka)
    topic = topics.topics(kafka).webhooks
    values = [value for number in range(_COUNT) for value in events.records(range(number, number + 1))]
    with closing(AcknowledgedProducer(kafka, _TIMEOUT)) as producer:
        messages = [Message(topic, value, partition=0) for value in values]
        bare = Producer({**_AS_OURS, "bootstrap.servers": kafka.bootstrap})
        yield Stage(
            "produce, acknowledged",
            "record",
            _COUNT,
            lambda: _produced(producer, messages),
            Limit("librdkafka alone, nobody told", lambda: _bare_produced(bare, messages)),
            time.process_time_ns,
        )
    yield _consumed(bench, values)


def _consumed(bench: Bench, values: list[bytes]) -> Stage:
    kafka = bench.kafka("stages", 1)
    topics.ensure(kafka)
    topic = topics.topics(kafka).webhooks
    with closing(AcknowledgedProducer(kafka, _TIMEOUT)) as producer:
        _produced(producer, [Message(topic, value, partition=0) for value in values])
    return Stage(
        "consume up to the end",
        "record",
        _COUNT,
        lambda: sum(1 for _ in scan(kafka, topic, [0])),
        Limit("librdkafka alone", lambda: _bare_consumed(kafka, topic)),
        time.process_time_ns,
    )


def _produced(producer: AcknowledgedProducer, messages: list[Message]) -> int:
    """How many the broker acknowledged."""
    done = threading.Event()
    batch = Batch(len(messages), lambda _: done.set())
    producer.send(messages, batch)
    done.wait(_TIMEOUT.total_seconds())
    return len(messages) if done.is_set() and batch.error is None else 0


def _bare_produced(producer: Producer, messages: list[Message]) -> None:
    for message in messages:
        producer.produce(message.topic, message.value, partition=0)
    producer.flush(_TIMEOUT.total_seconds())


def _bare_consumed(kafka: Kafka, topic: str) -> None:
    in_bulk = {"max.partition.fetch.bytes": 8 * 1024**2, "fetch.queue.backoff.ms": 10, "enable.auto.commit": False}
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "bench-limit", **in_bulk})
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    seen = 0
    while seen < _COUNT:
        seen += len(consumer.consume(_COUNT, 0) or consumer.consume(1, 10))
    consumer.close()
