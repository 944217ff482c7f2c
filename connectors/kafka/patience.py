"""Asking again what a broker cannot answer yet: one that has just started, or just made a topic, needs a moment."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from confluent_kafka import KafkaException

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import TopicPartition

Out = TypeVar("Out")

_PAUSE_S = 0.1
# Source: the retriable errors of kafka.apache.org/protocol.html#protocol_error_codes that metadata and groups give.
_PASSING = frozenset(
    {
        "COORDINATOR_LOAD_IN_PROGRESS",
        "COORDINATOR_NOT_AVAILABLE",
        "LEADER_NOT_AVAILABLE",
        "NOT_COORDINATOR",
        "NOT_LEADER_FOR_PARTITION",
    }
)


def patiently(ask: Callable[[], Out], at_most_s: float = 10.0, also: frozenset[str] = frozenset()) -> Out:
    """What `ask` returns, asked again for a while if what it raises passes by itself, or is one of `also`.

    Raises:
        KafkaException: It does not, or not in time.
    """
    deadline = time.monotonic() + at_most_s
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].name() not in _PASSING | also or time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE_S)


def all_told(places: list[TopicPartition]) -> list[TopicPartition]:
    """These places, if the broker could say something of each.

    librdkafka raises only when none was told. A partition without a leader has an error of its own and no offset, which
    is as much as to say that there is nothing.

    Raises:
        KafkaException: It could not.
    """
    for place in places:
        if place.error is not None:
            raise KafkaException(place.error)
    return places
