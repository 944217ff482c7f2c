"""Counts the alerts of each request in Kafka while it runs: the broker in memory forgets, and so does this."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Self

import orjson

from tests.support.tap import Tap

if TYPE_CHECKING:
    from alerts.config import Kafka

_EVERY_S = 0.5


class Stored:
    """Reads the webhooks topic on and on, in a thread of its own; a context manager."""

    def __init__(self, kafka: Kafka) -> None:
        self._tap = Tap(kafka, f"{kafka.topic_prefix}.webhooks", kafka.partitions)
        self.alerts: Counter[str] = Counter()
        """By ingest id."""
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._take()
        self._tap.close()

    def _watch(self) -> None:
        while not self._is_over.wait(_EVERY_S):
            self._take()

    def _take(self) -> None:
        records = self._tap.read()
        for record in records:
            header = orjson.loads(record.value.partition(b"\n")[0])
            self.alerts[header["id"]] += len(header["alerts"])
        records.clear()
