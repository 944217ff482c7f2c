"""`winnow explain` by name on a real Kafka: it reads where the index of names points, and where that says nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer
from typer.testing import CliRunner

from alerts.config import Kafka
from alerts.errors import NotFoundError
from connectors.kafka.topics import ensure, topics
from flows.chunk import Chunk
from flows.names import Names
from tests.alerts.test_happening import DECIDED, of
from tests.support.events import arrival
from tests.support.moment import now_ms
from winnow._application import application

if TYPE_CHECKING:
    from pathlib import Path

HOUR_MS = 3_600_000
PARTITIONS = 2


class Past:
    """Writes what a flow decided in the last hours."""

    def __init__(self, kafka: Kafka) -> None:
        self.topics = topics(kafka)
        self.producer = Producer({"bootstrap.servers": kafka.bootstrap})
        self.at_ms = self.now_ms = now_ms()
        self.names = Names(self.topics.names, lambda: self.at_ms)

    def decide(self, hours_ago: float, fingerprint: str, name: str, *, is_told: bool = True) -> None:
        """Write a decision in partition 1, with its name in the index or without."""
        self.at_ms = self.now_ms - int(hours_ago * HOUR_MS)
        chunk = Chunk(1, [arrival(name=name)], [], [])
        for _, message in self.names.of_chunk(chunk) if is_told else ():
            self.producer.produce(message.topic, message.value, partition=0, timestamp=self.at_ms)
        row = of({**DECIDED, "id": f"{fingerprint}-0", "fingerprint": fingerprint, "name": name})
        self.producer.produce(self.topics.decisions, json.dumps(row), partition=1, timestamp=self.at_ms)
        assert self.producer.flush(60) == 0


@pytest.fixture
def past(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Past:
    kafka = Kafka(bootstrap=kafka_bootstrap, topic_prefix=topic_prefix, partitions=PARTITIONS)
    ensure(kafka)
    file = tmp_path / "winnow.yaml"
    file.write_text(f"kafka: {{topic_prefix: {topic_prefix}, partitions: {PARTITIONS}}}\n")
    monkeypatch.setenv("WINNOW_CONFIG", str(file))
    monkeypatch.setenv("KAFKA_BOOTSTRAP", kafka_bootstrap)
    return Past(kafka)


def found(name: str, *arguments: str) -> list[str]:
    """The fingerprints of a name's alerts, the newest first."""
    words = ["explain", name, "-o", "json", *arguments]
    result = CliRunner().invoke(application("explain"), words, catch_exceptions=False)
    return [one["fingerprint"] for one in json.loads(result.stdout)]


def fingerprint(number: int) -> str:
    return f"{number:016x}"


def test_name_is_looked_for_where_the_index_has_it_and_where_it_has_none(past: Past) -> None:
    for number, hours_ago in enumerate((22, 16, 12, 8, 4, 0.1)):
        past.decide(hours_ago, fingerprint(number), "Wanted" if hours_ago in {22, 12, 0.1} else "Other")
    past.decide(0, fingerprint(9), "Wanted", is_told=False)
    assert set(found("Wanted")) == {fingerprint(number) for number in (0, 2, 5, 9)}


def test_what_the_index_knows_not_to_hold_a_name_is_not_read(past: Past) -> None:
    for hours_ago in (20, 10, 8, 5, 0):  # that of 8 hours ago is written as by no flow
        past.decide(hours_ago, fingerprint(1), "Wanted" if hours_ago == 8 else "Other", is_told=hours_ago != 8)
    with pytest.raises(NotFoundError, match="no decision names 'Wanted'"):
        found("Wanted")


def test_name_that_is_meant_is_one_of_the_index_or_of_what_it_lacks(past: Past) -> None:
    for hours_ago in (20, 10, 5, 0):
        past.decide(hours_ago, fingerprint(1), "PostgresDown")
    past.decide(0, fingerprint(2), "DiskFull", is_told=False)
    for slip, meant in (("Postgresdwn", "PostgresDown"), ("DiskFul", "DiskFull")):
        with pytest.raises(NotFoundError, match=f"did you mean '{meant}'"):
            found(slip)
