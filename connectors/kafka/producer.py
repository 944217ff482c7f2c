"""A producer that tells what became of every message.

One thread polls librdkafka, so delivery reports never wait for the caller's thread; a batch of messages is one
`Batch`, told once when its last report is in.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError as Report
from confluent_kafka import KafkaException, Producer

from alerts.errors import KafkaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from alerts.config import Kafka
    from connectors.request import Message

_POLL_S = 0.1


class Batch:
    """Messages that were handed over together; counts their delivery reports down."""

    __slots__ = ("_done", "_left", "error")

    def __init__(self, size: int, done: Callable[[Batch], None]) -> None:
        self._left = size
        self._done = done
        self.error: str | None = None
        """Why the first of them failed; None if all were acknowledged. A failed one may be in Kafka after all."""

    def report(self, error: Report | None, _message: object) -> None:
        """Called by librdkafka, in the polling thread, once for each message."""
        if error is not None and self.error is None:
            self.error = error.str()
        self._left -= 1
        if not self._left:
            self._done(self)

    def refuse(self, unsent: int, error: str) -> None:
        """Count messages that could not even be queued."""
        self.error = error
        self._left -= unsent
        if not self._left:
            self._done(self)


class AcknowledgedProducer:
    """An idempotent producer, acks=all."""

    def __init__(
        self,
        kafka: Kafka,
        timeout: timedelta,
        *,
        polled: Callable[[], None] = lambda: None,
        patience: timedelta = timedelta(0),
        settings: Mapping[str, str | int] | None = None,
    ) -> None:
        """Start its polling thread.

        Args:
            kafka: Where the broker is.
            timeout: After this long a message that was not acknowledged is reported as failed.
            polled: Called in the polling thread after each poll that brought reports: one wake-up for all of them.
            patience: How long `send` waits for room when the queue is full.
            settings: Further librdkafka settings.
        """
        self._producer = Producer(
            {
                "bootstrap.servers": kafka.bootstrap,
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 1,
                "compression.type": "lz4",
                "message.timeout.ms": int(timeout.total_seconds() * 1000),
                "log_level": 0,
                **kafka.client,
                **(settings or {}),
            }
        )
        self._polled = polled
        self._patience_s = patience.total_seconds()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="kafka-producer", daemon=True)
        self._thread.start()

    def _poll(self) -> None:
        while not self._closing.is_set():
            if self._producer.poll(_POLL_S):
                self._polled()

    def send(self, messages: Iterable[Message], batch: Batch) -> None:
        """Queue messages without waiting; what cannot be queued is counted as failed in `batch`."""
        left = list(messages)
        sent = 0
        try:
            for message in left:
                self._produce(message, batch)
                sent += 1
        except (BufferError, KafkaException) as error:
            batch.refuse(len(left) - sent, f"could not be queued: {error}")

    def _produce(self, message: Message, batch: Batch) -> None:
        topic, value, key, partition, headers, timestamp_ms = message
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                self._producer.produce(
                    topic,
                    value,
                    key,
                    -1 if partition is None else partition,
                    batch.report,
                    timestamp=timestamp_ms or 0,
                    headers=list(headers),
                )
            except BufferError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.002)
            else:
                return

    def queued(self) -> int:
        """Messages and reports that are still under way."""
        return len(self._producer)

    def flush(self, timeout: timedelta) -> None:
        """Wait until everything is reported.

        Raises:
            KafkaError: Something was not, in time.
        """
        left = self._producer.flush(timeout.total_seconds())
        if left:
            raise KafkaError(f"{left} messages were not acknowledged within {timeout.total_seconds():g} s")

    def close(self) -> None:
        """Stop the polling thread; what is not acknowledged by then may be lost: `flush` first."""
        self._closing.set()
        self._thread.join()
