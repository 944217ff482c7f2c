"""The webhooks topic as a Bytewax source: one consumer and one thread for all partitions of a process.

The thread owns the consumer (a commit from another thread can block for seconds, see bytewax.md) and fills a deque for
each partition; the worker sleeps on one event for all of them.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import structlog
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition
from confluent_kafka import Message as Consumed

from alerts.config import Kafka
from alerts.errors import KafkaAwayError, KafkaError
from alerts.record import Stored
from connectors.kafka.topics import ensure, topics

log = structlog.get_logger()

Item = tuple[str, Stored]
"""Keyed by partition."""

_PAST = datetime(2000, 1, 1, tzinfo=UTC)
_IDLE_WAIT_S = 0.02
_POLL_MAX_RECORDS = 500
_BATCH_MAX_BYTES = 1024 * 1024
# What lies between the thread and the worker; beyond it the thread stops reading and Kafka holds the rest.
_AHEAD_MAX_BYTES = 16 * 1024 * 1024
_COMMIT_EVERY_S = 1.0


class Waker(Protocol):
    """What the worker sleeps on."""

    def set(self) -> None:
        """There is something to do."""

    def wait(self, timeout_s: float) -> None:
        """Sleep until there is something to do, or the time is up."""


class Stopper(Protocol):
    """When to stop reading, and when to end."""

    @property
    def has_begun(self) -> bool:
        """Whether to stop reading."""

    @property
    def is_over(self) -> bool:
        """Whether the flow may end."""


class Reader:
    """The consumer thread of one process."""

    def __init__(self, kafka: Kafka, topic: str, group: str, wake: Waker) -> None:
        self._topic = topic
        self._wake = wake
        self._consumer = Consumer(
            {
                "bootstrap.servers": kafka.bootstrap,
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.queue.backoff.ms": 10,  # the default of a second halves the rate (kafka_local.md)
                "fetch.wait.max.ms": 100,
                "queued.max.messages.kbytes": 32 * 1024,
                "log_level": 0,
                **kafka.client,
            }
        )
        self.queues: dict[int, deque[Item]] = {}
        self._assigned: deque[tuple[int, int | None]] = deque()
        self._commits: dict[int, int] = {}
        self._lock = threading.Lock()
        self._ahead_bytes = 0
        self.failure: BaseException | None = None
        self.is_reading = False
        """Whether it has asked Kafka for records at least once."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kafka-reader", daemon=True)

    def assign(self, partition: int, offset: int | None) -> deque[Item]:
        """Begin to read a partition at `offset`; None: where the group left off, or at the beginning."""
        queue = self.queues[partition] = deque()
        self._assigned.append((partition, offset))
        if not self._thread.is_alive() and not self._closing.is_set():
            self._thread.start()
        return queue

    def took(self, size_bytes: int) -> None:
        """The worker has taken this much out of the queues."""
        with self._lock:
            self._ahead_bytes -= size_bytes

    def commit(self, partition: int, offset: int) -> None:
        """Everything before `offset` is done and saved: let the group know, soon."""
        with self._lock:
            self._commits[partition] = offset

    def close(self) -> None:
        """Commit and stop."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            self._read()
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
                self._commit()
                committed_at = time.monotonic()
        self._commit()
        self._consumer.close()

    def _begin_assigned(self) -> None:
        fresh: list[tuple[int, int | None]] = []
        while self._assigned:
            fresh.append(self._assigned.popleft())
        if not fresh:
            return
        unknown = [TopicPartition(self._topic, partition) for partition, offset in fresh if offset is None]
        committed = {place.partition: place.offset for place in self._consumer.committed(unknown, timeout=30)}
        self._consumer.incremental_assign(
            [
                TopicPartition(self._topic, partition, _start(offset, committed.get(partition, -1)))
                for partition, offset in fresh
            ]
        )

    def _poll(self) -> None:
        first = self._consumer.poll(0.05)
        self.is_reading = True
        if first is None:
            return
        size_bytes = 0
        for message in [first, *self._consumer.consume(_POLL_MAX_RECORDS, 0)]:
            error = message.error()
            if error is not None:
                _report(error)
                continue
            value = message.value() or b""
            size_bytes += len(value)
            self._put(message, value)
        with self._lock:
            self._ahead_bytes += size_bytes
        self._wake.set()

    def _put(self, message: Consumed, value: bytes) -> None:
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        self.queues[partition].append((str(partition), Stored(partition, offset, message.timestamp()[1], value)))

    def _commit(self) -> None:
        with self._lock:
            commits, self._commits = self._commits, {}
        if commits:
            places = [TopicPartition(self._topic, partition, offset) for partition, offset in commits.items()]
            try:
                self._consumer.commit(offsets=places, asynchronous=True)
            except KafkaException as error:
                log.warning("commit_failed", error=error.args[0].str())


def _start(offset: int | None, committed: int) -> int:
    if offset is not None:
        return offset
    return committed if committed >= 0 else int(OFFSET_BEGINNING)


def _report(error: object) -> None:
    """A broker that went away comes back by itself; only what librdkafka calls fatal ends the process."""
    if error.fatal():  # type: ignore[attr-defined]
        raise KafkaError(f"the consumer cannot go on: {error.str()}")  # type: ignore[attr-defined]
    log.warning("consume_error", error=error.str())  # type: ignore[attr-defined]


class _Partition(StatefulSourcePartition[Item, int | None]):
    def __init__(
        self, reader: Reader, stop: Stopper, partition: int, offset: int | None, wake: Waker | None
    ) -> None:
        self._reader = reader
        self._stop = stop
        self._partition = partition
        self._next = offset
        self._saved: int | None = None
        self._wake = wake
        """Of the one partition that sleeps for all of its process; None for the others."""
        self._queue = reader.assign(partition, offset)

    def next_batch(self) -> list[Item]:
        """What is there now, at most about a megabyte; the first partition of a process waits for something.

        Raises:
            StopIteration: The flow was told to stop, and what was under way has finished.
            KafkaError: The consumer cannot go on.
        """
        if self._reader.failure is not None:
            raise self._reader.failure
        if self._saved is not None:  # asked again after a snapshot: the epoch it belongs to is done
            self._reader.commit(self._partition, self._saved)
            self._saved = None
        if self._wake is not None and not any(self._reader.queues.values()):
            self._wake.wait(_IDLE_WAIT_S)
        if self._stop.has_begun:
            if self._stop.is_over:
                raise StopIteration
            return []
        batch: list[Item] = []
        size_bytes = 0
        while self._queue and size_bytes < _BATCH_MAX_BYTES:
            item = self._queue.popleft()
            batch.append(item)
            size_bytes += len(item[1].value)
        if batch:
            self._next = batch[-1][1].offset + 1
            self._reader.took(size_bytes)
        return batch

    def next_awake(self) -> datetime:
        """At once: waiting happens in `next_batch`, where completions can end it."""
        return _PAST

    def snapshot(self) -> int | None:
        """The offset to go on from."""
        self._saved = self._next
        return self._next

    def close(self) -> None:
        self._reader.close()


class WebhooksSource(FixedPartitionedSource[Item, int | None]):
    """All partitions of the webhooks topic."""

    def __init__(
        self, kafka: Kafka, group: str, wake: Waker, stop: Stopper, on_start: Callable[[], None]
    ) -> None:
        """Read the webhooks topic for `group`; `on_start` is called once, in the worker's thread, when it begins."""
        self._kafka = kafka
        self._topic = topics(kafka).webhooks
        self._group = group
        self._wake = wake
        self._stop = stop
        self._on_start = on_start
        self._reader: Reader | None = None

    @property
    def is_reading(self) -> bool:
        """Whether records are being read."""
        return self._reader is not None and self._reader.is_reading

    def list_parts(self) -> list[str]:
        """Partition numbers as text: their number is part of the state's identity.

        Waits for a broker; called once, before anything is read.

        Raises:
            KafkaError: A topic is missing and cannot be made, or has another number of partitions.
        """
        while True:
            try:
                ensure(self._kafka)
                break
            except KafkaAwayError as error:
                log.warning("waiting_for_kafka", reason=str(error))
        return [str(partition) for partition in range(self._kafka.partitions)]

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> _Partition:  # noqa: ARG002
        """Begin to read one partition."""
        wake = None
        if self._reader is None:
            self._reader = Reader(self._kafka, self._topic, self._group, self._wake)
            wake = self._wake
            self._on_start()
        return _Partition(self._reader, self._stop, int(for_part), resume_state, wake)
