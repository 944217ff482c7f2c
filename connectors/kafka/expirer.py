"""Ends alerts whose sender fell silent: reads again what last said that they fire, and writes that they do no longer.

It promises nothing: whoever hands an alert on does so again until the record has come back.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition
from prometheus_client import Counter

from alerts.errors import FormatError, KafkaError
from alerts.expiry import Due, expiry
from connectors.kafka.producer import AcknowledgedProducer, Batch
from connectors.kafka.topics import topics
from connectors.request import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alerts.config import Kafka

log = structlog.get_logger()

_ROOM = 20_000
_ROUND = 2000
_TIMEOUT = timedelta(seconds=20)
_ANSWER_TIMEOUT_S = 5.0
# Reading on is faster than asking for another place: a fetch brings about so many records.
_GAP_MAX = 1000

expiries = Counter(
    "winnow_expiries_total",
    "Alerts that nobody repeated: their end was written, that failed and is tried again, or the record was lost to "
    "Kafka's retention, and they end when their sender says so",
    ["result"],
)


class Told(Protocol):
    """Who hears what could not be done; called in the expirer's thread."""

    def failed(self, partition: int) -> None:
        """A partition could not be read or written."""

    def lose(self, due: Due) -> None:
        """What said that this alert fires is kept no more."""


class Expirer:
    """A thread with a consumer and a producer of its own."""

    def __init__(self, kafka: Kafka, told: Told) -> None:
        """Be ready; it starts with the first alert."""
        self._kafka = kafka
        self._topic = topics(kafka).webhooks
        self._told = told
        self._waiting: deque[Due] = deque()
        self._wake = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None

    @property
    def room(self) -> int:
        """How many more it takes now."""
        return _ROOM - len(self._waiting)

    def hand(self, dues: Iterable[Due]) -> None:
        """Take these on, without waiting."""
        self._waiting.extend(dues)
        if self._waiting and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._run, name="expirer", daemon=True)
            self._thread.start()
        self._wake.set()

    def close(self) -> None:
        """Stop after what is under way; what waits is handed on again after the next start."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_TIMEOUT.total_seconds())

    def _run(self) -> None:
        try:
            self._serve()
        except Exception:  # nobody watches a thread: what is handed on next starts another
            log.exception("expirer_ended")

    def _serve(self) -> None:
        producer = AcknowledgedProducer(self._kafka, _TIMEOUT, patience=_TIMEOUT)
        consumer = _consumer(self._kafka)
        try:
            while not self._closing:
                self._wake.wait()
                self._wake.clear()
                while self._waiting and not self._closing:
                    self._round(consumer, producer)
        finally:
            consumer.close()
            producer.close()

    def _round(self, consumer: Consumer, producer: AcknowledgedProducer) -> None:
        by_partition: defaultdict[int, list[Due]] = defaultdict(list)
        for _ in range(min(_ROUND, len(self._waiting))):
            due = self._waiting.popleft()
            by_partition[due.partition].append(due)
        for partition, dues in by_partition.items():
            try:
                messages = list(self._messages(consumer, partition, dues))
                self._send(producer, partition, messages)
            except (KafkaException, KafkaError) as error:
                self._failed(partition, len(dues), str(error))

    def _failed(self, partition: int, alerts: int, reason: str) -> None:
        expiries.labels("failed").inc(alerts)
        log.warning("expiry_failed", partition=partition, alerts=alerts, reason=reason[:300])
        self._told.failed(partition)

    def _send(self, producer: AcknowledgedProducer, partition: int, messages: list[Message]) -> None:
        def done(batch: Batch) -> None:
            if batch.error is None:
                expiries.labels("written").inc(len(messages))
            else:
                self._failed(partition, len(messages), batch.error)

        if messages:
            producer.send(messages, Batch(len(messages), done))

    def _messages(self, consumer: Consumer, partition: int, dues: list[Due]) -> Iterator[Message]:
        by_offset: defaultdict[int, list[Due]] = defaultdict(list)
        for due in dues:
            by_offset[due.offset].append(due)
        for offset, value in read(consumer, TopicPartition(self._topic, partition), sorted(by_offset)):
            for due in by_offset[offset]:
                try:
                    ended = expiry(value, due)
                except FormatError as error:
                    self._give_up(due, "its record is kept no more" if value is None else str(error))
                else:
                    yield Message(self._topic, ended, None, partition, (), time.time_ns() // 1_000_000)

    def _give_up(self, due: Due, reason: str) -> None:
        expiries.labels("lost").inc()
        log.error("expiry_lost", reason=reason, **due._asdict())
        self._told.lose(due)


def _consumer(kafka: Kafka) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "fetch.wait.max.ms": 100,
            "fetch.queue.backoff.ms": 10,
            "queued.max.messages.kbytes": 4096,
            "log_level": 0,
            **kafka.client,
            "group.id": "winnow-expirer",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )


def read(consumer: Consumer, place: TopicPartition, offsets: Iterable[int]) -> Iterator[tuple[int, bytes | None]]:
    """The values of these records of a partition; None for one that is not there.

    Args:
        consumer: Its assignment is replaced.
        place: The partition.
        offsets: In rising order.

    Raises:
        KafkaException: The broker refuses.
        KafkaError: It stops answering.
    """
    low, high = consumer.get_watermark_offsets(place, timeout=_ANSWER_TIMEOUT_S)
    wanted = deque(offsets)
    yield from ((offset, None) for offset in wanted if not low <= offset < high)
    wanted = deque(offset for offset in wanted if low <= offset < high)
    position: int | None = None
    while wanted:
        if position is None or wanted[0] - position > _GAP_MAX:
            position = wanted[0]
            consumer.assign([TopicPartition(place.topic, place.partition, position)])
        first = consumer.poll(_ANSWER_TIMEOUT_S)
        if first is None:
            raise KafkaError(f"the broker does not answer about {place.topic}/{place.partition}")
        for message in [first, *consumer.consume(_GAP_MAX, 0)]:
            error, offset = message.error(), message.offset()
            if error is not None:
                raise KafkaException(error)
            assert offset is not None
            while wanted and wanted[0] < offset:
                yield wanted.popleft(), None
            if wanted and wanted[0] == offset:
                yield wanted.popleft(), message.value() or b""
            position = offset + 1
