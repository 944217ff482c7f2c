"""A broker in memory with the four topics, and the command line that reads them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer
from typer.testing import CliRunner

from alerts.config import Kafka
from connectors.kafka.embedded import EmbeddedBroker
from connectors.kafka.scan import messages
from connectors.kafka.topics import Topics
from winnow._application import application

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from confluent_kafka import Message as Consumed
    from typer.testing import Result

TOPICS = Topics(
    "winnow.webhooks", "winnow.decisions", "winnow.quarantine", "winnow.dead-letters", "winnow.replies", "winnow.names"
)
PARTITIONS = 4


class Shelf:
    """Holds records, and runs verbs on them."""

    def __init__(self, broker: EmbeddedBroker) -> None:
        self.broker = broker
        self._producer = Producer({"bootstrap.servers": broker.bootstrap, "log_level": 0})
        self._kafka = Kafka(bootstrap=broker.bootstrap, partitions=PARTITIONS, client={"fetch.wait.max.ms": "5"})

    def put(self, topic: str, values: Iterable[bytes], at_ms: int = 0, partition: int = 0) -> None:
        """Write records; `at_ms` 0: now."""
        for value in values:
            self._producer.produce(topic, value, partition=partition, timestamp=at_ms)
        assert self._producer.flush(60) == 0

    def webhooks(self) -> list[Consumed]:
        """What lies in the webhooks topic, by partition and offset."""
        found = messages(self._kafka, TOPICS.webhooks, range(PARTITIONS))
        return sorted(found, key=lambda one: (one.partition() or 0, one.offset() or 0))

    def winnow(self, *arguments: str) -> Result:
        """What the command line says; its own errors are raised."""
        return CliRunner().invoke(application(arguments[0]), list(arguments), catch_exceptions=False)


@contextmanager
def shelf(folder: Path, settings: str = "", *more: str) -> Iterator[Shelf]:
    """An empty one; until it ends, the environment names its configuration, `settings` among it as lines of YAML.

    `more` are further topics.
    """
    counts = dict.fromkeys(more, PARTITIONS)
    counts |= {TOPICS.webhooks: PARTITIONS, TOPICS.decisions: PARTITIONS, TOPICS.quarantine: 1, TOPICS.dead_letters: 1}
    with EmbeddedBroker(counts) as broker, pytest.MonkeyPatch.context() as environment:
        file = folder / "winnow.yaml"
        kafka = f"kafka: {{partitions: {PARTITIONS}, client: {{fetch.wait.max.ms: '5'}}}}\n"
        # As on the machine of somebody who may not read the gateway's secrets.
        sources = "gateway: {sources: [{name: am, bearer: {token_file: unreadable}}]}\n"
        file.write_text(kafka + sources + settings)
        environment.setenv("WINNOW_CONFIG", str(file))
        environment.setenv("KAFKA_BOOTSTRAP", broker.bootstrap)
        yield Shelf(broker)
