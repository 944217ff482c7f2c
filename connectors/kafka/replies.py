"""Writes replies for gateways that wait: at once, or not at all.

A producer of its own, without the promises of the others. If the replies topic is missing or its broker slow, the flow
must not notice: what cannot be written is counted, and the gateway answers what it knows.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from confluent_kafka import KafkaError as Report
from confluent_kafka import KafkaException, Producer
from prometheus_client import Counter

from connectors.kafka.topics import RECOVERY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.config import Kafka
    from connectors.request import Message

log = structlog.get_logger()

_TIMEOUT_MS = 10_000
_QUEUE_MAX_MESSAGES = 10_000
_CLOSE_S = 1.0

written = Counter("winnow_replies_total", "Replies for senders that wait, by what became of them", ["outcome"])


class Replies:
    """Made with the first reply: a flow for which nobody waits has no use for it. One thread owns it."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._producer: Producer | None = None
        self._is_refused = False

    def send(self, messages: Iterable[Message]) -> None:
        """Hand them over without waiting; never raises."""
        producer = self._producer = self._producer or self._made()
        if producer is None:
            return
        for topic, value, key, partition, _, _ in messages:
            try:
                producer.produce(topic, value, key, partition or 0, _count)
            except (BufferError, KafkaException):
                written.labels(outcome="lost").inc()
        with suppress(KafkaException):
            producer.poll(0)

    def close(self) -> None:
        """Wait a moment for what is under way."""
        if self._producer is not None:
            with suppress(KafkaException):
                self._producer.flush(_CLOSE_S)

    def _made(self) -> Producer | None:
        if self._is_refused:
            return None
        try:
            return Producer(
                {
                    "bootstrap.servers": self._kafka.bootstrap,
                    **RECOVERY,
                    "linger.ms": 0,
                    "compression.type": "lz4",
                    **self._kafka.client,
                    # Not to be changed: so much and no more is kept of what nobody may wait for any longer.
                    "acks": 1,
                    "enable.idempotence": False,
                    "message.timeout.ms": _TIMEOUT_MS,
                    "queue.buffering.max.messages": _QUEUE_MAX_MESSAGES,
                    "log_level": 0,
                }
            )
        except KafkaException as error:
            self._is_refused = True
            log.warning("no_replies", reason=f"kafka.client: {error.args[0].str()}")
            return None


def _count(error: Report | None, _message: object) -> None:
    written.labels(outcome="sent" if error is None else "lost").inc()
