"""Reads the partitions of one process: one consumer, and the one thread that owns it.

The thread fills a deque for each partition; a commit from another thread can block for seconds (bytewax.md).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka import KafkaError as Report
from prometheus_client import Counter

from alerts.errors import KafkaError
from alerts.record import Stored
from connectors.kafka.starts import backlog_end, cold_starts, committed
from connectors.kafka.topics import RECOVERY

if TYPE_CHECKING:
    from datetime import timedelta

    from confluent_kafka import Message as Consumed

    from alerts.config import Kafka

log = structlog.get_logger()

Item = tuple[str, Stored]
"""Keyed by partition."""

_POLL_MAX_RECORDS = 500
# What lies between the thread and the worker; beyond it the thread stops reading and Kafka holds the rest.
_AHEAD_MAX_BYTES = 16 * 1024 * 1024
_COMMIT_EVERY_S = 1.0
_PROBE_EVERY_S = 1.0
_PROBE_TIMEOUT_S = 0.5

missing = Counter("winnow_records_missing_total", "Records that Kafka's retention took before they were read")


class Waker(Protocol):
    """What the worker sleeps on."""

    def set(self) -> None:
        """There is something to do."""

    def wait(self, timeout_s: float) -> None:
        """Sleep until there is something to do, or the time is up."""


class Progress(NamedTuple):
    """How far a partition is done."""

    offset: int
    """Of the next record."""
    accepted_ms: int
    """When the last one before it was accepted: what a cold start rewinds from."""


class Reader:
    """The consumer thread of one process."""

    def __init__(self, kafka: Kafka, topic: str, group: str, rewind: timedelta, wake: Waker) -> None:
        """Read `topic`; where a start is not known, where `group` left off, `rewind` before."""
        self._topic = topic
        self._rewind_ms = int(rewind.total_seconds() * 1000)
        self._wake = wake
        self._consumer = self._made(kafka, group)
        self.queues: dict[int, deque[Item]] = {}
        self._assigned: deque[tuple[int, int | None]] = deque()
        self._expected: dict[int, int] = {}
        """The next offset of each partition, once it is known."""
        self.ends: dict[int, int | None] = {}
        """Of each partition: the offset behind what lay there unread when reading began; None until it is known."""
        self._done: dict[int, Progress] = {}
        self._open = 0
        self._lock = threading.Lock()
        self._ahead_bytes = 0
        self.failure: BaseException | None = None
        self._has_begun = False
        self._is_away = False
        """Whether no broker can be reached."""
        self._since_s: float | None = None
        """Since when it reads without a break."""
        self._probe_at = 0.0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kafka-reader", daemon=True)

    def _made(self, kafka: Kafka, group: str) -> Consumer:
        settings = {
            "bootstrap.servers": kafka.bootstrap,
            "fetch.queue.backoff.ms": 10,  # the default of a second halves the rate (kafka_local.md)
            "fetch.wait.max.ms": 100,
            "queued.max.messages.kbytes": 32 * 1024,
            "log_level": 0,
            **RECOVERY,
            **kafka.client,
            # Not to be changed by kafka.client: the promises rest on them.
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "error_cb": self._note,
        }
        try:
            return Consumer(settings)
        except KafkaException as error:
            raise KafkaError(f"kafka.client: {error.args[0].str()}") from error

    def _note(self, error: Report) -> None:
        """Called by librdkafka while this thread polls: what concerns no partition."""
        if error.name() == "_ALL_BROKERS_DOWN" and not self._is_away:
            self._is_away = True
            self._since_s = None
            log.warning("kafka_away", reason=error.str())

    @property
    def is_reading(self) -> bool:
        """Whether it has begun to read and, as far as it knows, a broker is there."""
        return self._has_begun and not self._is_away

    @property
    def reading_s(self) -> float:
        """For how long it has been reading without a break."""
        since_s = self._since_s
        return 0.0 if since_s is None else time.monotonic() - since_s

    def has_unread(self, partition: int) -> bool:
        """Whether records of a partition wait here, or perhaps in Kafka because too many wait here."""
        return bool(self.queues.get(partition)) or self._ahead_bytes >= _AHEAD_MAX_BYTES

    def assign(self, partition: int, offset: int | None) -> deque[Item]:
        """Begin to read a partition at `offset`; None: where the group left off, or at the beginning."""
        self._open += 1
        queue = self.queues[partition] = deque()
        self.ends[partition] = None
        self._assigned.append((partition, offset))
        return queue

    def start(self) -> None:
        """Begin to read what was assigned; does nothing once begun."""
        if self._thread.ident is None:
            self._thread.start()

    def took(self, size_bytes: int) -> None:
        """The worker has taken this much out of the queues."""
        with self._lock:
            self._ahead_bytes -= size_bytes

    def commit(self, partition: int, progress: Progress) -> None:
        """Everything before is done and saved: let the group know, soon."""
        with self._lock:
            self._done[partition] = progress

    def close(self) -> bool:
        """One partition is done with; with the last of them commit and stop. Whether it was the last."""
        self._open -= 1
        if self._open:
            return False
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        return True

    def _run(self) -> None:
        try:
            self._read()
        except KafkaException as error:
            self.failure = KafkaError(f"reading {self._topic}: {error.args[0].str()}")
        except BaseException as error:  # noqa: BLE001 nobody watches a thread: the worker raises this in its place
            self.failure = error
        self._wake.set()

    def _read(self) -> None:
        committed_at = time.monotonic()
        while not self._closing.is_set():
            self._begin_assigned()
            if self._ahead_bytes >= _AHEAD_MAX_BYTES or not self.queues:
                time.sleep(0.002)
            else:
                self._poll()
            if time.monotonic() - committed_at >= _COMMIT_EVERY_S:
                self._commit(wait=False)
                committed_at = time.monotonic()
        self._commit(wait=True)
        self._consumer.close()

    def _begin_assigned(self) -> None:
        if not self._assigned:
            return
        fresh = [self._assigned.popleft() for _ in range(len(self._assigned))]
        starts = {partition: offset for partition, offset in fresh if offset is not None}
        unknown = [partition for partition, offset in fresh if offset is None]
        if unknown:
            places = [TopicPartition(self._topic, partition) for partition in unknown]
            starts |= cold_starts(self._consumer, places, self._rewind_ms, self._closing)
        self.ends |= {
            partition: backlog_end(self._consumer, TopicPartition(self._topic, partition, start), self._closing)
            for partition, start in starts.items()
        }
        self._expected |= {partition: offset for partition, offset in starts.items() if offset >= 0}
        log.info("reading_began", topic=self._topic, partitions=len(starts))
        self._consumer.incremental_assign(
            [TopicPartition(self._topic, partition, offset) for partition, offset in starts.items()]
        )

    def _poll(self) -> None:
        first = self._consumer.poll(0.05)
        self._has_begun = True
        if self._since_s is None and not self._is_away:
            self._since_s = time.monotonic()
        if first is None:
            if self._is_away:
                self._probe()
            return
        size_bytes = 0
        for message in [first, *self._consumer.consume(_POLL_MAX_RECORDS, 0)]:
            error = message.error()
            if error is None:
                size_bytes += self._put(message)
            else:
                _tell(error)
        with self._lock:
            self._ahead_bytes += size_bytes
        self._wake.set()

    def _probe(self) -> None:
        """Ask whether a broker is back: librdkafka says when all are gone, and not when they return."""
        if time.monotonic() < self._probe_at:
            return
        self._probe_at = time.monotonic() + _PROBE_EVERY_S
        place = TopicPartition(self._topic, next(iter(self.queues)))
        with contextlib.suppress(KafkaException):
            self._consumer.get_watermark_offsets(place, timeout=_PROBE_TIMEOUT_S)
            self._is_away = False
            log.info("kafka_back")

    def _put(self, message: Consumed) -> int:
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        expected = self._expected.get(partition, offset)
        if offset > expected:  # retention has taken what lay between
            missing.inc(offset - expected)
            log.error("records_missing", partition=partition, expected=expected, found=offset)
        self._expected[partition] = offset + 1
        self._is_away = False
        value = message.value() or b""
        self.queues[partition].append((str(partition), Stored(partition, offset, message.timestamp()[1], value)))
        return len(value)

    def _commit(self, *, wait: bool) -> None:
        with self._lock:
            done, self._done = self._done, {}
        if not done:
            return
        places = [
            committed(self._topic, partition, progress.offset, progress.accepted_ms)
            for partition, progress in done.items()
        ]
        try:
            if wait:
                self._consumer.commit(offsets=places, asynchronous=False)
            else:
                self._consumer.commit(offsets=places, asynchronous=True)
        except KafkaException as error:
            log.warning("commit_failed", error=error.args[0].str())


def _tell(error: Report) -> None:
    """A broker that went away comes back by itself; only what librdkafka calls fatal ends the process."""
    if error.fatal():
        raise KafkaError(f"the consumer cannot go on: {error.str()}")
    log.warning("consume_error", error=error.str())
