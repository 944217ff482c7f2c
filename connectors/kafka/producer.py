"""A producer that tells what became of every message.

One thread polls librdkafka, so delivery reports never wait for the caller's thread; a batch of messages is one
`Batch`, told once when its last report is in.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from confluent_kafka import KafkaError as Report
from confluent_kafka import KafkaException, Producer

from alerts.errors import KafkaError
from connectors.kafka.topics import RECOVERY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from alerts.config import Kafka
    from connectors.request import Message

log = structlog.get_logger()

_POLL_S = 0.1
# What brokers take by default (message.max.bytes); librdkafka's own default is 5 % less.
_VALUE_MAX_BYTES = 1024 * 1024
_PURGE_TIMEOUT_S = 5.0
# librdkafka would print fatal errors in a form of its own; they come back as exceptions.
_SILENT = logging.Logger("librdkafka", logging.CRITICAL + 1)  # noqa: LOG001 one of its own, so that nobody's setup brings it to life


class Batch:
    """Messages that were handed over together; counts their delivery reports down."""

    __slots__ = ("_done", "_left", "error")

    # Both the sender's and the polling thread count.
    _counting = threading.Lock()

    def __init__(self, size: int, done: Callable[[Batch], None]) -> None:
        self._left = size
        self._done = done
        self.error: str | None = None
        """Why the first of them failed; None if all were acknowledged. A failed one may be in Kafka after all."""

    def report(self, error: Report | None, _message: object) -> None:
        """Called by librdkafka, in the polling thread, once for each message."""
        self._count(1, None if error is None else error.str())

    def refuse(self, unsent: int, error: str) -> None:
        """Count messages that could not even be queued."""
        self._count(unsent, error)

    def _count(self, size: int, error: str | None) -> None:
        with self._counting:
            if error is not None and self.error is None:
                self.error = error
            self._left -= size
            is_done = not self._left
        if is_done:
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
    ) -> None:
        """Start its polling thread.

        Args:
            kafka: Where the broker is.
            timeout: After this long a message that was not acknowledged is reported as failed.
            polled: Called in the polling thread after each poll that brought reports: one wake-up for all of them.
            patience: How long `send` waits for room when the queue is full.

        Raises:
            KafkaError: librdkafka refuses `kafka.client`.
        """
        self._settings = {
            "bootstrap.servers": kafka.bootstrap,
            "linger.ms": 1,
            "compression.type": "lz4",
            "message.max.bytes": _VALUE_MAX_BYTES,
            **RECOVERY,
            **kafka.client,
            # Promises, not preferences: no setting of the file takes them back.
            "enable.idempotence": True,
            "acks": "all",
            "message.timeout.ms": int(timeout.total_seconds() * 1000),
            "log_level": 0,
            "logger": _SILENT,
        }
        self._is_broken = False
        self._failure: str | None = None
        """Why its thread ended, if it did."""
        self._producer = self._made()
        self._polled = polled
        self._patience_s = patience.total_seconds()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="kafka-producer", daemon=True)
        self._thread.start()

    def _made(self) -> Producer:
        try:
            return Producer(self._settings)
        except KafkaException as error:
            raise KafkaError(f"kafka.client: {error.args[0].str()}") from error

    def _poll(self) -> None:
        try:
            self._poll_on()
        except BaseException as error:  # noqa: BLE001 nobody watches a thread: whoever sends next is told
            self._failure = f"the producer's thread ended: {type(error).__name__}: {error}"

    def _poll_on(self) -> None:
        while not self._closing.is_set():
            try:
                if self._producer.poll(_POLL_S):
                    self._polled()
            except KafkaException as error:
                self._note(error)
            if self._is_broken:
                self._renew()

    def _note(self, error: KafkaException) -> None:
        """Whoever calls librdkafka next is told of a fatal error, once; all others come back by themselves."""
        log.error("producer_broke", reason=error.args[0].str())
        self._is_broken = True

    def _renew(self) -> None:
        """Fail what is under way and go on with a new producer: after a fatal error the old one sends nothing."""
        self._is_broken = False
        broken, self._producer = self._producer, self._made()
        broken.purge()
        broken.flush(_PURGE_TIMEOUT_S)
        self._polled()

    def send(self, messages: Iterable[Message], batch: Batch) -> None:
        """Queue messages without waiting; what cannot be queued is counted as failed in `batch`."""
        left = list(messages)
        if self._failure is not None:
            batch.refuse(len(left), self._failure)
            return
        sent = 0
        try:
            for message in left:
                self._produce(message, batch)
                sent += 1
        except (BufferError, KafkaException) as error:
            reason = error.args[0].str() if isinstance(error, KafkaException) else str(error)
            batch.refuse(len(left) - sent, f"could not be queued: {reason}")

    def _produce(self, message: Message, batch: Batch) -> None:
        topic, value, key, partition, headers, timestamp_ms = message
        place = -1 if partition is None else partition
        # An empty list of headers is not free: librdkafka makes and copies one.
        extra: dict[str, Any] = {"headers": list(headers)} if headers else {}
        deadline: float | None = None
        while True:
            try:
                self._producer.produce(topic, value, key, place, batch.report, timestamp=timestamp_ms or 0, **extra)
            except BufferError:
                deadline = deadline or time.monotonic() + self._patience_s
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
            KafkaError: Something was not, in time, or will never be.
        """
        if self._failure is not None:
            raise KafkaError(self._failure)
        try:
            left = self._producer.flush(timeout.total_seconds())
        except KafkaException as error:
            self._note(error)
            raise KafkaError(f"the producer broke: {error.args[0].str()}") from error
        if left:
            raise KafkaError(f"{left} messages were not acknowledged within {timeout.total_seconds():g} s")

    def close(self) -> None:
        """Stop the polling thread; what is not acknowledged by then may be lost: `flush` first."""
        self._closing.set()
        self._thread.join()
