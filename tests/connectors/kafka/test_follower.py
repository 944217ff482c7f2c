"""A follower of a topic on a broker in memory, which can be taken down."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer

from alerts.config import Kafka
from connectors.kafka.embedded import EmbeddedBroker
from connectors.kafka.follower import Follower
from tests.support.product import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPIC = "t"
OLD_MS = 1_764_000_000_000


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker({TOPIC: 2}) as made:
        yield made


def kafka(broker: EmbeddedBroker) -> Kafka:
    return Kafka(
        bootstrap=broker.bootstrap,
        client={"fetch.wait.max.ms": "5", "reconnect.backoff.ms": "20", "reconnect.backoff.max.ms": "50"},
    )


def put(broker: EmbeddedBroker, value: str, topic: str = TOPIC, at_ms: int = 0) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap, "log_level": 0})
    producer.produce(topic, value.encode(), partition=1, timestamp=at_ms)
    assert producer.flush(60) == 0


class Watch:
    def __init__(self, broker: EmbeddedBroker, topic: str = TOPIC, since: datetime | None = None) -> None:
        self.said: list[str] = []
        self.read: list[str] = []
        self.follower = Follower(kafka(broker), topic, since, self.said.append)

    def until(self, *values: str) -> None:
        def is_there() -> bool:
            self.read += [one.value.decode() for one in self.follower.poll(0.05)]
            return self.read == [*values]

        wait_for(is_there, f"read {values}")


def test_begins_at_the_end_of_now(broker: EmbeddedBroker) -> None:
    put(broker, "before")
    watch = Watch(broker)
    with watch.follower as follower:
        assert follower.poll(0.1) == []
        put(broker, "after")
        watch.until("after")
    assert watch.said == []


def test_begins_at_the_moment_that_is_asked_for(broker: EmbeddedBroker) -> None:
    put(broker, "older", at_ms=OLD_MS)
    put(broker, "old", at_ms=OLD_MS + 1)
    watch = Watch(broker, since=datetime.fromtimestamp(OLD_MS / 1000 + 0.001, UTC))
    with watch.follower:
        watch.until("old")


def test_is_behind_until_all_that_was_there_at_the_beginning_is_read(broker: EmbeddedBroker) -> None:
    put(broker, "older", at_ms=OLD_MS)
    put(broker, "old", at_ms=OLD_MS + 1)
    watch = Watch(broker, since=datetime.fromtimestamp(OLD_MS / 1000, UTC))
    with watch.follower as follower:
        seen: list[tuple[int, bool]] = []

        def is_there() -> bool:
            watch.read += [one.value.decode() for one in follower.poll(0.05)]
            seen.append((len(watch.read), follower.is_behind))
            return not follower.is_behind

        wait_for(is_there, "the end of what was there")
        put(broker, "new", at_ms=OLD_MS + 2)
        watch.until("older", "old", "new")
        assert not follower.is_behind
    assert [is_behind for count, is_behind in seen if count < 2] == [True] * (len(seen) - 1)


def test_waits_for_a_topic_that_is_not_there_and_misses_nothing_of_it(broker: EmbeddedBroker) -> None:
    watch = Watch(broker, "later")
    with watch.follower as follower:
        assert follower.poll(0.05) == []
        assert watch.said == ["there is no topic later yet; waiting for the gateway or the flow to make it"]
        put(broker, "first", "later")  # which makes it
        watch.until("first")
    assert watch.said[1:] == ["reading later"]


def test_broker_that_goes_away_is_told_once_and_read_on_when_it_is_back(broker: EmbeddedBroker) -> None:
    watch = Watch(broker)
    with watch.follower as follower:
        follower.poll(0.1)
        put(broker, "one")
        watch.until("one")
        broker.set_down()
        wait_for(lambda: not follower.poll(0.05) and bool(watch.said), "it says that nobody answers")
        assert "no broker answers at" in watch.said[0]
        broker.set_up()
        put(broker, "two")
        watch.until("one", "two")
    assert watch.said[1:] == ["reading t"]


def test_broker_that_is_not_there_at_the_start_is_waited_for(broker: EmbeddedBroker) -> None:
    broker.set_down()
    watch = Watch(broker)
    with watch.follower as follower:
        wait_for(lambda: not follower.poll(0.05) and bool(watch.said), "it says that nobody answers")
        broker.set_up()
        wait_for(lambda: not follower.poll(0.05) and len(watch.said) > 1, "it reads")
        put(broker, "one")
        watch.until("one")
