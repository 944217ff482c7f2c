"""A snapshot of the sink means that what was written before is in Kafka."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.config import Kafka
from alerts.errors import KafkaError
from connectors.kafka.embedded import CLIENT_SETTINGS, EmbeddedBroker
from connectors.kafka.scan import scan
from connectors.kafka.sink import MessageSink
from connectors.request import Message
from tests.support.product import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPIC = "winnow.decisions"
NAMES = "winnow.names"
TIMEOUT = timedelta(seconds=2)


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker({TOPIC: 1, NAMES: 1}) as started:
        yield started


def kafka(broker: EmbeddedBroker) -> Kafka:
    return Kafka(bootstrap=broker.bootstrap, partitions=1, client=CLIENT_SETTINGS)


def test_after_a_snapshot_everything_written_is_in_kafka(broker: EmbeddedBroker) -> None:
    part = MessageSink(kafka(broker), TIMEOUT).build_part("decisions", "0", None)
    part.write_batch([Message(TOPIC, b"%d" % number, partition=0) for number in range(1000)])
    part.snapshot()
    assert [stored.value for stored in scan(kafka(broker), TOPIC, [0])] == [b"%d" % number for number in range(1000)]


def test_a_snapshot_is_refused_while_anything_written_is_not_in_kafka(broker: EmbeddedBroker) -> None:
    """Else the offset saved beside it would skip what the record caused."""
    part = MessageSink(kafka(broker), TIMEOUT).build_part("decisions", "0", None)
    part.write_batch([Message(TOPIC, b"before", partition=0)])
    part.snapshot()
    broker.set_down()
    part.write_batch([Message(TOPIC, b"lost", partition=0)])
    with pytest.raises(KafkaError):
        part.snapshot()


def test_nothing_is_written_after_a_message_that_was_given_up(broker: EmbeddedBroker) -> None:
    part = MessageSink(kafka(broker), TIMEOUT).build_part("decisions", "0", None)
    part.write_batch([Message(TOPIC, b"too large" * 1_000_000, partition=0)])
    with pytest.raises(KafkaError, match="not acknowledged"):
        part.write_batch([Message(TOPIC, b"next", partition=0)])


def test_names_that_are_lost_are_told_and_hold_nothing_up(broker: EmbeddedBroker) -> None:
    told: list[str] = []
    part = MessageSink(kafka(broker), TIMEOUT, told.append).build_part("decisions", "0", None)
    part.write_batch([Message(NAMES, b"names", partition=0), Message(TOPIC, b"first", partition=0)])
    part.snapshot()
    assert told == []
    part.write_batch([Message(NAMES, b"too large" * 1_000_000, partition=0), Message(TOPIC, b"next", partition=0)])
    part.snapshot()
    wait_for(lambda: bool(told), "the lost names are told")
    assert "Message size too large" in told[0]
    assert [one.value for one in scan(kafka(broker), TOPIC, [0])] == [b"first", b"next"]
    wait_for(lambda: [one.value for one in scan(kafka(broker), NAMES, [0])] == [b"names"], "the others are there")


def test_snapshot_waits_for_no_names(broker: EmbeddedBroker) -> None:
    """A topic whose broker is away would stop the flow for as long as a message may take, and then end it."""
    told: list[str] = []
    part = MessageSink(kafka(broker), TIMEOUT, told.append).build_part("decisions", "0", None)
    broker.set_leaderless(NAMES, 0)
    part.write_batch([Message(NAMES, b"names", partition=0), Message(TOPIC, b"first", partition=0)])
    part.snapshot()
    assert told == []  # it is not given up yet
    assert [one.value for one in scan(kafka(broker), TOPIC, [0])] == [b"first"]


def test_names_topic_that_is_not_there_is_told_before_anything_is_written() -> None:
    told: list[str] = []
    with EmbeddedBroker({TOPIC: 1}) as broker:
        MessageSink(kafka(broker), TIMEOUT, told.append).build_part("decisions", "0", None)
    assert told == [f"there is no topic {NAMES}"]
