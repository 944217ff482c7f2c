"""Reads the partitions of one process: one consumer, and the one thread that owns it.

The thread fills a deque for each partition; a commit from another thread can block for seconds (bytewax.md).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition
from confluent_kafka import KafkaError as Report

from alerts.errors import KafkaError
from alerts.record import Stored

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from confluent_kafka import Message as Consumed

    from alerts.config import Kafka

log = structlog.get_logger()

Found = TypeVar("Found")
Item = tuple[str, Stored]
"""Keyed by partition."""

_POLL_MAX_RECORDS = 500
# What lies between the thread and the worker; beyond it the thread stops reading and Kafka holds the rest.
_AHEAD_MAX_BYTES = 16 * 1024 * 1024
_COMMIT_EVERY_S = 1.0
_ANSWER_TIMEOUT_S = 10.0


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
        self._consumer = Consumer(
            {
                "bootstrap.servers": kafka.bootstrap,
                "fetch.queue.backoff.ms": 10,  # the default of a second halves the rate (kafka_local.md)
                "fetch.wait.max.ms": 100,
                "queued.max.messages.kbytes": 32 * 1024,
                "log_level": 0,
                **kafka.client,
                # Not to be changed by kafka.client: the promises rest on them.
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
            }
        )
        self.queues: dict[int, deque[Item]] = {}
        self._assigned: deque[tuple[int, int | None]] = deque()
        self._expected: dict[int, int] = {}
        """Where each partition begins; gone once its first record is there."""
        self.ends: dict[int, int | None] = {}
        """Of each partition: the offset behind what lay there unread when reading began; None until it is known."""
        self._done: dict[int, Progress] = {}
        self._open = 0
        self._lock = threading.Lock()
        self._ahead_bytes = 0
        self.failure: BaseException | None = None
        self.is_reading = False
        """Whether it has asked Kafka for records at least once."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kafka-reader", daemon=True)

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
            starts |= self._cold_starts(unknown)
        self.ends |= {partition: self._end(partition, offset) for partition, offset in starts.items()}
        self._expected |= {partition: offset for partition, offset in starts.items() if offset >= 0}
        self._consumer.incremental_assign(
            [TopicPartition(self._topic, partition, offset) for partition, offset in starts.items()]
        )

    def _end(self, partition: int, start: int) -> int:
        """The offset behind what is there to be read from `start` on; 0 if there is nothing."""
        place = TopicPartition(self._topic, partition)

        def ask() -> list[int]:
            return list(self._consumer.get_watermark_offsets(place, timeout=_ANSWER_TIMEOUT_S))

        low, high = self._patiently(ask)
        return high if max(low, start) < high else 0

    def _cold_starts(self, partitions: list[int]) -> dict[int, int]:
        """Where the group left off, rewound: repeats under the same ids rather than losses."""
        places = [TopicPartition(self._topic, partition) for partition in partitions]
        asked = self._patiently(lambda: self._consumer.committed(places, timeout=_ANSWER_TIMEOUT_S))
        committed = [place for place in asked if place.offset >= 0]
        starts = dict.fromkeys(partitions, int(OFFSET_BEGINNING))
        starts |= {place.partition: place.offset for place in committed}
        moments = [
            TopicPartition(self._topic, place.partition, max(0, int(place.metadata) - self._rewind_ms))
            for place in committed
            if place.metadata and place.metadata.isdigit()
        ]
        if moments:
            for place in self._patiently(lambda: self._consumer.offsets_for_times(moments, timeout=_ANSWER_TIMEOUT_S)):
                if 0 <= place.offset < starts[place.partition]:
                    starts[place.partition] = place.offset
        log.warning(
            "cold_start",
            why="no snapshot of these partitions",
            partitions=len(partitions),
            of_group=len(committed),
            rewound_s=self._rewind_ms / 1000,
        )
        return starts

    def _patiently(self, ask: Callable[[], list[Found]]) -> list[Found]:
        """What `ask` returns, once the broker is able to: one that just started has no coordinator yet."""
        while True:
            try:
                return ask()
            except KafkaException as error:
                if "AUTHORIZATION" in error.args[0].name() or self._closing.is_set():
                    raise
                log.warning("waiting_for_kafka", reason=error.args[0].str())
                self._closing.wait(0.5)

    def _poll(self) -> None:
        first = self._consumer.poll(0.05)
        self.is_reading = True
        if first is None:
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

    def _put(self, message: Consumed) -> int:
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        if self._expected:
            expected = self._expected.pop(partition, offset)
            if offset > expected:  # retention has taken what lay between
                log.error("records_missing", partition=partition, expected=expected, found=offset)
        value = message.value() or b""
        self.queues[partition].append((str(partition), Stored(partition, offset, message.timestamp()[1], value)))
        return len(value)

    def _commit(self, *, wait: bool) -> None:
        with self._lock:
            done, self._done = self._done, {}
        if not done:
            return
        places = [
            TopicPartition(self._topic, partition, progress.offset, str(progress.accepted_ms))
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
