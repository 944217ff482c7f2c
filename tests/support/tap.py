"""Everything that lies in a topic, read on as it grows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, TopicPartition

from alerts.record import Stored
from connectors.kafka.patience import patiently

if TYPE_CHECKING:
    from alerts.config import Kafka

_TIMEOUT_S = 20.0


class Tap:
    """One consumer; remembers what it has read."""

    def __init__(self, kafka: Kafka, topic: str, partitions: int) -> None:
        settings = {"bootstrap.servers": kafka.bootstrap, "group.id": "tap", "log_level": 0, **kafka.client}
        self._consumer = Consumer(settings)
        # Another one asks where the topic ends: on a connection that also fetches, a question waits for the fetch.
        self._asker = Consumer(settings)
        self._places = [TopicPartition(topic, partition, 0) for partition in range(partitions)]
        self._consumer.assign(self._places)
        self._next = dict.fromkeys(range(partitions), 0)
        self._found: list[Stored] = []

    def read(self) -> list[Stored]:
        """All records up to now, those of a partition in order."""
        ends = {place.partition: self._end(place) for place in self._places}
        deadline = time.monotonic() + _TIMEOUT_S
        while any(self._next[partition] < end for partition, end in ends.items()):
            assert time.monotonic() < deadline, f"read up to {self._next}, not to {ends}"
            message = self._consumer.poll(0.5)
            if message is None:
                continue
            error = message.error()
            assert error is None, error
            partition, offset = message.partition(), message.offset()
            assert partition is not None
            assert offset is not None
            self._found.append(Stored(partition, offset, message.timestamp()[1], message.value() or b""))
            self._next[partition] = offset + 1
        return self._found

    def _end(self, place: TopicPartition) -> int:
        return patiently(lambda: self._asker.get_watermark_offsets(place, _TIMEOUT_S))[1]

    def close(self) -> None:
        """Stop reading."""
        self._asker.close()
        self._consumer.close()
