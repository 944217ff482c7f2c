"""What a candidate decides is in Kafka after a snapshot, and a flow beside it never stands still for it."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.config import Kafka
from connectors.kafka.embedded import CLIENT_SETTINGS, EmbeddedBroker
from connectors.kafka.scan import scan
from connectors.kafka.shadow_sink import ShadowSink, written
from connectors.request import Message
from tests.support.product import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPIC = "winnow.shadow"


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker({TOPIC: 2}) as started:
        yield started


def kafka(broker: EmbeddedBroker, partitions: int = 2) -> Kafka:
    return Kafka(bootstrap=broker.bootstrap, partitions=partitions, client=CLIENT_SETTINGS)


def looking() -> set[threading.Thread]:
    """Those who look for a topic that is missing."""
    return {thread for thread in threading.enumerate() if thread.name == "shadow-topic"}


def lost() -> float:
    return float(written.labels(outcome="lost")._value.get())


def test_after_a_snapshot_everything_written_is_in_kafka(broker: EmbeddedBroker) -> None:
    sink = ShadowSink(kafka(broker))
    parts = [sink.build_part("shadowed", name, None) for name in sink.list_parts()]
    for number, part in enumerate(parts):
        part.write_batch([Message(TOPIC, b"%d" % value, partition=number) for value in range(500)])
    parts[0].snapshot()
    for part in parts:
        part.close()
    found = [(one.partition, one.value) for one in scan(kafka(broker), TOPIC, [0, 1])]
    assert sorted(found) == sorted((number, b"%d" % value) for number in (0, 1) for value in range(500))


def test_broker_that_goes_away_holds_up_one_snapshot_for_a_moment_and_the_next_not_at_all(
    broker: EmbeddedBroker,
) -> None:
    part = ShadowSink(kafka(broker)).build_part("shadowed", "0", None)
    part.write_batch([Message(TOPIC, b"before", partition=0)])
    part.snapshot()
    broker.set_down()
    part.write_batch([Message(TOPIC, b"lost", partition=0)])
    took: list[float] = []
    for _ in range(3):
        began = time.monotonic()
        part.snapshot()
        took.append(time.monotonic() - began)
    part.close()
    assert took[0] < 3
    assert max(took[1:]) < 0.5


def test_what_no_broker_takes_is_counted_as_lost_and_raises_nothing(broker: EmbeddedBroker) -> None:
    part = ShadowSink(kafka(broker)).build_part("shadowed", "0", None)
    before = lost()
    part.write_batch([Message(TOPIC, b"too large" * 1_000_000, partition=0)])
    part.snapshot()
    part.write_batch([Message(TOPIC, b"next", partition=0)])
    part.close()
    assert lost() - before == 1
    assert [one.value for one in scan(kafka(broker), TOPIC, [0])] == [b"next"]


def test_broker_that_was_away_at_the_start_takes_what_comes_once_it_is_back(broker: EmbeddedBroker) -> None:
    broker.set_down()
    part = ShadowSink(kafka(broker)).build_part("shadowed", "0", None)
    broker.set_up()
    part.write_batch([Message(TOPIC, b"one", partition=0)])
    while not list(scan(kafka(broker), TOPIC, [0])):
        part.snapshot()
    part.close()
    assert [one.value for one in scan(kafka(broker), TOPIC, [0])] == [b"one"]


def test_topic_of_other_partitions_is_not_written_to(broker: EmbeddedBroker) -> None:
    part = ShadowSink(kafka(broker, partitions=3)).build_part("shadowed", "0", None)
    before = lost()
    part.write_batch([Message(TOPIC, b"one", partition=0), Message(TOPIC, b"two", partition=0)])
    part.close()
    assert lost() - before == 2
    assert list(scan(kafka(broker), TOPIC, [0])) == []


def test_topic_that_cannot_be_used_at_first_takes_what_comes_once_it_can(broker: EmbeddedBroker) -> None:
    others = looking()
    sink = ShadowSink(kafka(broker, partitions=3), again=timedelta(milliseconds=20))
    part = sink.build_part("shadowed", "0", None)
    before = lost()
    part.write_batch([Message(TOPIC, b"early", partition=0)])
    assert lost() - before == 1
    # As if the topic had been made anew, of so many partitions.
    sink._kafka = kafka(broker)
    wait_for(lambda: looking() <= others, "it is found, and nobody looks any more")
    part.write_batch([Message(TOPIC, b"late", partition=0)])
    part.close()
    assert [one.value for one in scan(kafka(broker), TOPIC, [0])] == [b"late"]


def test_nobody_looks_for_a_topic_after_the_end(broker: EmbeddedBroker) -> None:
    others = looking()
    part = ShadowSink(kafka(broker, partitions=3), again=timedelta(hours=1)).build_part("shadowed", "0", None)
    assert len(looking() - others) == 1
    part.close()
    wait_for(lambda: looking() <= others, "it looks no more")


def test_nothing_is_reported_after_the_last_part_has_ended(broker: EmbeddedBroker) -> None:
    before = set(threading.enumerate())
    sink = ShadowSink(kafka(broker))
    parts = [sink.build_part("shadowed", name, None) for name in sink.list_parts()]
    parts[0].close()
    parts[1].write_batch([Message(TOPIC, b"last", partition=1)])
    parts[1].close()
    assert set(threading.enumerate()) <= before
    assert [one.value for one in scan(kafka(broker), TOPIC, [1])] == [b"last"]


def test_client_settings_that_librdkafka_refuses_lose_what_the_candidate_decides_and_no_more() -> None:
    refused = Kafka(bootstrap="127.0.0.1:1", partitions=1, client={"no.such.setting": "1"})
    part = ShadowSink(refused).build_part("shadowed", "0", None)
    before = lost()
    part.write_batch([Message(TOPIC, b"one", partition=0)])
    part.close()
    assert lost() - before == 1
