"""What is due becomes a record in its partition; what retention took is told; a broker that is away loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer

from alerts.alert import Envelope
from alerts.config import Kafka
from alerts.expiry import Due, expiry
from alerts.formats import prometheus
from alerts.record import Stored, decode, split
from alerts.webhook import Received
from connectors.kafka.embedded import CLIENT_SETTINGS, EmbeddedBroker
from connectors.kafka.expirer import Expirer
from connectors.kafka.scan import scan
from connectors.kafka.topics import topics
from tests.support.events import NOW_MS
from tests.support.product import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTITION = 1
FILLER = b"x" * 900_000


class World:
    """A broker, an expirer, and what it gave up."""

    def __init__(self, broker: EmbeddedBroker) -> None:
        self.broker = broker
        self.kafka = Kafka(bootstrap=broker.bootstrap, partitions=2, client=CLIENT_SETTINGS)
        self.topic = topics(self.kafka).webhooks
        self.lost: list[Due] = []
        self.troubled: set[int] = set()
        self.expirer = Expirer(self.kafka, self)
        self._producer = Producer({"bootstrap.servers": broker.bootstrap, "log_level": 0})

    def lose(self, due: Due) -> None:
        self.lost.append(due)

    def failed(self, partition: int) -> None:
        self.troubled.add(partition)

    def put(self, *values: bytes) -> None:
        for value in values:
            self._producer.produce(self.topic, value, partition=PARTITION)
        assert self._producer.flush(20) == 0

    def ended(self) -> list[Stored]:
        return [one for one in scan(self.kafka, self.topic, [PARTITION]) if b"expired_ms" in one.value]


@pytest.fixture
def world() -> Iterator[World]:
    with EmbeddedBroker({"winnow.webhooks": 2}) as broker:
        made = World(broker)
        try:
            yield made
        finally:
            broker.set_up()
            made.expirer.close()


def record(number: int) -> bytes:
    body = b'[{"labels":{"alertname":"A","n":"%d"}}]' % number
    envelope = Envelope(f"{number:032x}", "prometheus", "default", "", "", NOW_MS)
    ((_, value),) = split(envelope, prometheus.read(Received(body, NOW_MS)).submissions, 1)
    return value


def due(offset: int, value: bytes) -> Due:
    return Due(PARTITION, offset, decode(value, 0)[0].fingerprint, NOW_MS)


def test_what_is_due_lies_in_its_partition_once_each_however_far_apart_it_was_said(world: World) -> None:
    values = [record(number) for number in range(3000)]
    world.put(*values)
    wanted = [0, 1, 2, 700, 2998, 2999]
    world.expirer.hand(due(offset, values[offset]) for offset in reversed(wanted))
    wait_for(lambda: len(world.ended()) == len(wanted), "all ends", 20)
    found = {stored.value: stored.accepted_ms for stored in world.ended()}
    assert found.keys() == {expiry(values[offset], due(offset, values[offset])) for offset in wanted}
    assert min(found.values()) > NOW_MS
    assert world.lost == []


def test_record_that_retention_took_is_told_and_the_others_are_ended(world: World) -> None:
    """A broker in memory keeps 5 MiB of a partition."""
    old, new = record(1), record(2)
    world.put(old, *[FILLER] * 8, new)
    world.expirer.hand([due(0, old), due(9, new), due(10_000, new)])
    wait_for(lambda: len(world.ended()) == 1, "the end of the other", 20)
    assert sorted(one.offset for one in world.lost) == [0, 10_000]


def test_broker_that_is_away_fails_what_was_handed_on_and_takes_it_when_it_is_back(world: World) -> None:
    value = record(1)
    world.put(value)
    world.broker.set_down()
    world.expirer.hand([due(0, value)])
    wait_for(lambda: world.troubled == {PARTITION}, "it was tried in vain")
    world.broker.set_up()

    def is_there() -> bool:
        world.expirer.hand([due(0, value)])
        return bool(world.ended())

    wait_for(is_there, "the end", 30)
    assert len({stored.value for stored in world.ended()}) == 1
    assert world.lost == []
