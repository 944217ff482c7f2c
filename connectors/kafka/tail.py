"""Reads what comes into one partition of a topic from now on, for one gateway process that waits for it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from connectors.kafka.patience import patiently
from connectors.kafka.topics import RECOVERY

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.config import Kafka

log = structlog.get_logger()

_POLL_S = 0.5
_AT_ONCE_MAX = 200
_ASK_TIMEOUT_S = 2.0
# What brokers say of a topic that was made a moment ago and is not known to all of them.
_JUST_MADE = frozenset({"UNKNOWN_TOPIC_OR_PART"})
_PATIENCE_S = 5.0


class Tail:
    """One consumer and the one thread that owns it (bytewax.md: another thread's call can block for seconds)."""

    def __init__(
        self,
        kafka: Kafka,
        topic: str,
        key: bytes,
        *,
        began: Callable[[int | None], None],
        took: Callable[[bytes], None],
    ) -> None:
        """Begin to read the values of the records with this `key`.

        Args:
            kafka: Where the broker is.
            topic: What to read.
            key: Of the records that are for this process; it also picks the partition.
            began: Called once: with the partition, as soon as nothing that is written to it later is missed; with None
                if that cannot be.
            took: Called with each value. Both are called in the tail's own thread.
        """
        self._kafka = kafka
        self._topic = topic
        self._key = key
        self._began = began
        self._took = took
        self._closing = threading.Event()
        # A daemon: at the end nobody waits for a broker that does not answer.
        self._thread = threading.Thread(target=self._run, name="replies", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it still reads, or is about to."""
        return self._thread.is_alive() and not self._closing.is_set()

    def close(self) -> None:
        """Read no more."""
        self._closing.set()

    def _run(self) -> None:
        partition: int | None = None
        try:
            consumer = self._consumer()
            try:
                partition = patiently(lambda: self._position(consumer), _PATIENCE_S, _JUST_MADE)
                self._began(partition)
                self._read(consumer)
            finally:
                consumer.close()
        except KafkaException as error:
            log.warning("replies_not_read", topic=self._topic, reason=error.args[0].str())
        except Exception as error:  # nobody watches a thread: it is logged, and who waits is told by `_began`
            log.exception("replies_not_read", topic=self._topic, reason=type(error).__name__)
        if partition is None:
            self._began(None)

    def _consumer(self) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self._kafka.bootstrap,
                **RECOVERY,
                **self._kafka.client,
                # Consumers must name a group; this one never joins it and never commits.
                "group.id": "winnow-replies",
                "enable.auto.commit": False,
                "auto.offset.reset": "latest",
                "log_level": 0,
            }
        )

    def _position(self, consumer: Consumer) -> int:
        """Stand at the end of a partition; where that is has to be known before anything is written for us."""
        listing = consumer.list_topics(self._topic, timeout=_ASK_TIMEOUT_S).topics[self._topic]
        if listing.error is not None:
            raise KafkaException(listing.error)
        partition = int.from_bytes(self._key, "big") % len(listing.partitions)
        place = TopicPartition(self._topic, partition)
        _, end = consumer.get_watermark_offsets(place, timeout=_ASK_TIMEOUT_S)
        consumer.assign([TopicPartition(self._topic, partition, end)])
        return partition

    def _read(self, consumer: Consumer) -> None:
        while not self._closing.is_set():
            first = consumer.poll(_POLL_S)
            if first is None:
                continue
            for message in (first, *consumer.consume(_AT_ONCE_MAX, 0)):
                error = message.error()
                if error is None:
                    if message.key() == self._key:
                        self._took(message.value() or b"")
                elif error.fatal():
                    raise KafkaException(error)
                else:  # a broker that went away comes back by itself
                    log.warning("consume_error", error=error.str())
