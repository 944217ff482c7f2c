"""The broker in memory, spoken to as the rest of Winnow speaks to Kafka."""

from __future__ import annotations

import socket
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from alerts.errors import KafkaError as WinnowKafkaError
from connectors.kafka.embedded import CLIENT_SETTINGS, EmbeddedBroker

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPIC = "winnow.webhooks"
PARTITIONS = 32
PATIENCE_S = 20.0
PRODUCE = 0


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker({TOPIC: PARTITIONS, "winnow.dead-letters": 1}) as started:
        yield started


def producer(broker: EmbeddedBroker, **settings: str | int) -> Producer:
    return Producer(
        {"bootstrap.servers": broker.bootstrap, "enable.idempotence": True, "acks": "all", "log_level": 0} | settings
    )


def produce(broker: EmbeddedBroker, count: int, **settings: str | int) -> list[KafkaError | None]:
    reports: list[KafkaError | None] = []
    sender = producer(broker, **settings)
    for n in range(count):
        sender.produce(TOPIC, str(n), partition=n % PARTITIONS, on_delivery=lambda error, _: reports.append(error))
    assert sender.flush(PATIENCE_S) == 0
    return reports


@contextmanager
def consumer(broker: EmbeddedBroker, group: str = "flow") -> Iterator[Consumer]:
    settings = {
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "log_level": 0,
    }
    opened = Consumer({"bootstrap.servers": broker.bootstrap, **settings, **CLIENT_SETTINGS})
    try:
        yield opened
    finally:
        opened.close()


def take(opened: Consumer, count: int) -> list[int]:
    taken: list[int] = []
    until = time.monotonic() + PATIENCE_S
    while len(taken) < count and time.monotonic() < until:
        for message in opened.consume(count - len(taken), 0.1):
            assert message.error() is None
            value = message.value()
            assert value is not None
            taken.append(int(value))
    return taken


def committed(opened: Consumer) -> list[TopicPartition]:
    return opened.committed([TopicPartition(TOPIC, n) for n in range(PARTITIONS)], PATIENCE_S)


def test_topics_have_the_partitions_asked_for(broker: EmbeddedBroker) -> None:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap, "log_level": 0})
    listing = admin.list_topics(timeout=PATIENCE_S).topics
    assert {name: len(topic.partitions) for name, topic in listing.items()} == {
        TOPIC: 32,
        "winnow.dead-letters": 1,
    }


def test_idempotent_producer_is_acknowledged_and_group_reads_all(broker: EmbeddedBroker) -> None:
    assert produce(broker, 1000) == [None] * 1000
    with consumer(broker) as opened:
        opened.subscribe([TOPIC])
        assert sorted(take(opened, 1000)) == list(range(1000))


def test_second_consumer_resumes_where_the_first_committed(broker: EmbeddedBroker) -> None:
    produce(broker, 320)
    with consumer(broker) as first:
        first.assign(committed(first))
        before = take(first, 100)
        reached = first.position([TopicPartition(TOPIC, n) for n in range(PARTITIONS)])
        first.commit(offsets=[place for place in reached if place.offset >= 0], asynchronous=False)
    with consumer(broker) as second:
        second.assign(committed(second))
        after = take(second, 220)
    assert sorted(before + after) == list(range(320))


def test_broker_that_is_down_gets_the_message_once_it_is_up(broker: EmbeddedBroker) -> None:
    sender = producer(broker, **{"reconnect.backoff.max.ms": 100})
    broker.set_down()
    sender.produce(TOPIC, "0", partition=0)
    assert sender.flush(0.3) == 1
    broker.set_up()
    assert sender.flush(PATIENCE_S) == 0


def test_pushed_error_reaches_the_producer(broker: EmbeddedBroker) -> None:
    broker.push_errors(PRODUCE, [KafkaError.TOPIC_AUTHORIZATION_FAILED])
    (error,) = produce(broker, 1, **{"enable.idempotence": False})
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_rtt_delays_every_answer(broker: EmbeddedBroker) -> None:
    sender = producer(broker, **{"linger.ms": 0})
    sender.produce(TOPIC, "0", partition=0)
    assert sender.flush(PATIENCE_S) == 0
    broker.set_rtt(200)
    sender.produce(TOPIC, "1", partition=0)
    assert sender.flush(0.15) == 1
    assert sender.flush(PATIENCE_S) == 0


def test_it_listens_on_loopback_only(broker: EmbeddedBroker) -> None:
    host, port = broker.bootstrap.split(":")
    assert host == "127.0.0.1"
    if sys.platform == "linux":  # other systems have one loopback address
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", int(port)), timeout=PATIENCE_S)


def test_closing_twice_is_harmless_and_frees_the_port() -> None:
    broker = EmbeddedBroker({"t": 1})
    broker.close()
    broker.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(broker.bootstrap.split(":")[1])), timeout=PATIENCE_S)


def test_topic_without_partitions_is_refused_by_name() -> None:
    with pytest.raises(WinnowKafkaError, match="never"):
        EmbeddedBroker({"never": 0})
