"""Where a cold start begins, whatever the broker can say at first."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple, cast

import pytest
from confluent_kafka import KafkaError

from connectors.kafka import starts
from connectors.kafka.starts import cold_starts

if TYPE_CHECKING:
    from confluent_kafka import Consumer, TopicPartition


class Place(NamedTuple):
    partition: int
    offset: int = -1001
    metadata: str | None = None
    error: KafkaError | None = None
    topic: str = "webhooks"


LEADERLESS = KafkaError(KafkaError.LEADER_NOT_AVAILABLE)


class Broker:
    """Answers as it is told to; the last answer again and again."""

    def __init__(self, committed: list[list[Place]], found: list[list[Place]]) -> None:
        self._committed, self._found = committed, found

    def committed(self, _: object, timeout: float) -> list[Place]:
        return self._committed.pop(0) if len(self._committed) > 1 else self._committed[0]

    def offsets_for_times(self, _: object, timeout: float) -> list[Place]:
        return self._found.pop(0) if len(self._found) > 1 else self._found[0]


def began(committed: list[list[Place]], found: list[list[Place]]) -> dict[int, int]:
    consumer = cast("Consumer", Broker(committed, found))
    places = cast("list[TopicPartition]", [Place(0), Place(1)])
    return cold_starts(consumer, places, 600_000, threading.Event())


COMMITTED = [Place(0, 50, "1764000000000"), Place(1, 60, "1764000000000")]
REWOUND = [Place(0, 7), Place(1, 9)]


def test_partitions_are_rewound() -> None:
    assert began([COMMITTED], [REWOUND]) == {0: 7, 1: 9}


@pytest.mark.parametrize("untold", [0, 1])
def test_partition_that_has_no_leader_yet_is_asked_for_again_and_rewound_too(
    untold: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starts, "_PAUSE_S", 0)
    partly = [place._replace(offset=-1, error=LEADERLESS) if place.partition == untold else place for place in REWOUND]
    assert began([COMMITTED], [partly, REWOUND]) == {0: 7, 1: 9}


def test_commit_that_cannot_be_told_yet_is_not_taken_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starts, "_PAUSE_S", 0)
    partly = [COMMITTED[0], Place(1, error=LEADERLESS)]
    assert began([partly, COMMITTED], [REWOUND]) == {0: 7, 1: 9}
