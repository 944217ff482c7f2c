"""The least that a Kafka must do: keep what it has acknowledged, and give it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

_WAIT_S = 30.0


def round_trip(bootstrap: str, topic: str, body: bytes) -> bytes | None:
    """Make the topic, write `body` with acks=all, read it back: what was read."""
    write(bootstrap, topic, body)
    return read(bootstrap, topic)


def write(bootstrap: str, topic: str, body: bytes) -> None:
    """Make a topic with `body` as its first message, acknowledged with acks=all."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for future in admin.create_topics([NewTopic(topic, 1, 1)]).values():
        future.result(_WAIT_S)
    errors: list[KafkaError | None] = []

    def report(error: KafkaError | None, _: Message) -> None:
        errors.append(error)

    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True})
    producer.produce(topic, body, on_delivery=report)
    producer.flush(_WAIT_S)
    assert errors == [None], errors or f"no report within {_WAIT_S:g} s"


def read(bootstrap: str, topic: str) -> bytes | None:
    """The topic's first message."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": topic, "enable.auto.commit": False})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        message = consumer.poll(_WAIT_S)
        assert message is not None, f"nothing came within {_WAIT_S:g} s"
        assert message.error() is None, message.error()
        return message.value()
    finally:
        consumer.close()
