"""Replies from one end to the other: what a flow writes for a gateway process, and what that process hears."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from alerts.config import Kafka
from connectors.kafka.embedded import CLIENT_SETTINGS, EmbeddedBroker
from connectors.kafka.replies import Replies
from connectors.kafka.sink import MessageSink
from connectors.kafka.tail import Tail
from connectors.kafka.topics import partitions, topics
from connectors.request import Message
from tests.support.product import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = b"0123456789abcdef"


class Ears:
    """A tail, what it heard and where it listens."""

    def __init__(self, kafka: Kafka, topic: str = "winnow.replies", key: bytes = KEY) -> None:
        self.values: list[bytes] = []
        self.partition: int | None = None
        self._began = threading.Event()
        self.tail = Tail(kafka, topic, key, began=self._begin, took=self.values.append)

    def _begin(self, partition: int | None) -> None:
        self.partition = partition
        self._began.set()

    def began(self) -> int | None:
        """Where it listens, once that is known."""
        assert self._began.wait(20)
        return self.partition


@pytest.fixture
def kafka() -> Iterator[Kafka]:
    wanted = Kafka(partitions=1, client=CLIENT_SETTINGS)
    with EmbeddedBroker(partitions(wanted)) as started:
        yield wanted.model_copy(update={"bootstrap": started.bootstrap})


def message(value: bytes, partition: int, key: bytes = KEY) -> Message:
    return Message("winnow.replies", value, key, partition)


def test_tail_hears_what_is_written_for_it_after_it_began_and_nothing_else(kafka: Kafka) -> None:
    replies = Replies(kafka)
    replies.send([message(b"before", number) for number in range(4)])
    replies.close()
    ears = Ears(kafka)
    partition = ears.began()
    assert partition is not None
    replies.send([message(b"another's", partition, b"f" * 16), message(b"1", partition), message(b"2", partition)])
    wait_for(lambda: len(ears.values) == 2, "both are heard", 20)
    assert ears.values == [b"1", b"2"]
    assert ears.tail.is_alive
    ears.tail.close()
    assert not ears.tail.is_alive


def test_tail_says_so_when_it_cannot_begin() -> None:
    ears = Ears(Kafka(bootstrap="127.0.0.1:1"))
    assert ears.began() is None
    wait_for(lambda: not ears.tail.is_alive, "its thread ends", 20)


def test_tail_of_a_topic_that_is_missing_says_so(kafka_bootstrap: str, topic_prefix: str) -> None:
    ears = Ears(Kafka(bootstrap=kafka_bootstrap), f"{topic_prefix}.replies")
    assert ears.began() is None


def test_tail_with_settings_that_librdkafka_refuses_says_so() -> None:
    assert Ears(Kafka(client={"no.such.setting": "1"})).began() is None


def test_reply_that_cannot_be_written_holds_up_nothing(kafka: Kafka) -> None:
    """A partition that is not there, and a message no broker takes; a snapshot is not refused for them."""
    part = MessageSink(kafka).build_part("outcomes", "0", None)
    part.write_batch(
        [message(b"nowhere", 999), message(b"x" * 2_000_000, 0), Message("winnow.decisions", b"d", None, 0)]
    )
    part.snapshot()
    part.close()


def test_flow_with_settings_that_librdkafka_refuses_for_replies_goes_on() -> None:
    replies = Replies(Kafka(client={"no.such.setting": "1"}))
    replies.send([message(b"1", 0)])
    replies.send([message(b"2", 0)])
    replies.close()


def test_topic_of_replies_is_among_those_that_are_made() -> None:
    kafka = Kafka(topic_prefix="alerts")
    assert topics(kafka).replies == "alerts.replies"
    assert partitions(kafka)["alerts.replies"] == 4
