from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from connectors.kafka.patience import patiently


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
