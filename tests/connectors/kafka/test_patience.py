from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import pytest
from confluent_kafka import KafkaError, KafkaException

from connectors.kafka.patience import all_told, patiently

if TYPE_CHECKING:
    from confluent_kafka import TopicPartition


class Broker:
    """Fails so often, then answers."""

    def __init__(self, code: int, failures: int) -> None:
        self.asked = 0
        self._code, self._failures = code, failures

    def ask(self) -> str:
        self.asked += 1
        if self.asked <= self._failures:
            raise KafkaException(KafkaError(self._code))
        return "answer"


def test_a_broker_that_is_not_the_leader_yet_is_asked_again() -> None:
    broker = Broker(KafkaError.NOT_LEADER_FOR_PARTITION, 2)
    assert patiently(broker.ask) == "answer"
    assert broker.asked == 3


def test_what_does_not_pass_by_itself_is_raised_at_once() -> None:
    broker = Broker(KafkaError.TOPIC_AUTHORIZATION_FAILED, 1)
    with pytest.raises(KafkaException):
        patiently(broker.ask)
    assert broker.asked == 1


def test_what_does_not_pass_in_time_is_raised() -> None:
    broker = Broker(KafkaError.NOT_COORDINATOR, 1_000_000)
    with pytest.raises(KafkaException):
        patiently(broker.ask, at_most_s=0)


class Place(NamedTuple):
    """What librdkafka says of a partition."""

    offset: int
    error: KafkaError | None


def place(offset: int, code: int | None = None) -> TopicPartition:
    return cast("TopicPartition", Place(offset, None if code is None else KafkaError(code)))


def test_places_of_which_all_is_known_are_handed_on() -> None:
    places = [place(5), place(7)]
    assert all_told(places) == places


def test_partition_without_a_leader_is_not_taken_for_an_empty_one() -> None:
    answers = [[place(5), place(-1, KafkaError.LEADER_NOT_AVAILABLE)], [place(5), place(7)]]
    found = patiently(lambda: all_told(answers.pop(0)))
    assert ([one.offset for one in found], answers) == ([5, 7], [])
