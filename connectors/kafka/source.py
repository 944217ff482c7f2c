"""The webhooks topic as a Bytewax source: one consumer and one thread for all partitions of a process.

The thread owns the consumer (a commit from another thread can block for seconds, see bytewax.md) and fills a deque for
each partition; the worker sleeps on one event for all of them.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TypedDict

import structlog
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from prometheus_client import Histogram

from alerts.errors import ConfigError, KafkaAwayError
from connectors.kafka.reader import Item, Progress, Reader, Waker
from connectors.kafka.topics import ensure, topics

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.config import Flow, Kafka

log = structlog.get_logger()

VERSION = 1

_PAST = datetime(2000, 1, 1, tzinfo=UTC)
_IDLE_WAIT_S = 0.02
# What all partitions hand on goes through the steps at a time. An alert took 7.1 us of CPU at 2 MB, 8.7 at 8: it is out
# of the processor's cache by the next step, and the collector finds it alive.
_BATCHES_MAX_BYTES = 2 * 1024 * 1024
# A hundred alerts: of fewer the engine's own share is felt (bytewax.md).
_BATCH_MIN_BYTES = 64 * 1024
# Without progress for so long (the broker is away), a word too many is better than none.
_BEHIND_MAX_S = 30.0
_WAITS_MAX_MS = 24 * 3600 * 1000

pause_seconds = Histogram(
    "winnow_snapshot_pause_seconds",
    "How long a partition was not read because of a snapshot",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10),
)


class Position(TypedDict):
    """A partition's part of a snapshot."""

    v: int
    next: int | None
    """Offset of the next record; None: nothing was read yet."""


class Stopper(Protocol):
    """When to stop reading, and when to end."""

    @property
    def has_begun(self) -> bool:
        """Whether to stop reading."""

    @property
    def is_over(self) -> bool:
        """Whether the flow may end."""

    @property
    def is_full(self) -> bool:
        """Whether so much waits that nothing more is to be read for now; Kafka holds the rest."""

    @property
    def oldest_ms(self) -> int | None:
        """When the oldest alert that waits for a target was accepted; None if none waits."""

    def ended(self) -> None:
        """The last partition of this process is closed."""


class _Partition(StatefulSourcePartition[Item, Position]):
    def __init__(self, reader: Reader, stop: Stopper, partition: int, position: Position, wake: Waker | None) -> None:
        self._reader = reader
        self._stop = stop
        self._partition = partition
        self._position = position
        self._read: Progress | None = None
        self._saved: Progress | None = None
        self._fresh_ms: int | None = None
        """When the oldest of the last batch was accepted; None if that was empty."""
        self._stands_since: float | None = None
        """When it was asked for a snapshot; the engine asks for no batch until all of that is written."""
        self._wake = wake
        """Of the one partition that sleeps for all of its process; None for the others."""
        self._queue = reader.assign(partition, position["next"])
        self.is_behind = True
        """Whether it has not yet handed on all that lay in Kafka when it began."""

    def next_batch(self) -> list[Item]:
        """What is there now, of all partitions about two megabytes; the first of a process waits for something.

        Raises:
            StopIteration: The flow was told to stop, and what was under way has finished.
            KafkaError: The consumer cannot go on.
        """
        self._reader.start()
        self._fresh_ms = None
        if self._stands_since is not None:
            pause_seconds.observe(time.perf_counter() - self._stands_since)
            self._stands_since = None
        if self.is_behind:
            self._note_end()
        if self._reader.failure is not None:
            raise self._reader.failure
        if self._saved is not None:  # asked again after a snapshot: the epoch it belongs to is done
            self._reader.commit(self._partition, self._saved)
            self._saved = None
        is_held = self._stop.has_begun or self._stop.is_full
        if self._wake is not None and (is_held or not any(self._reader.queues.values())):
            self._wake.wait(_IDLE_WAIT_S)
        if self._stop.is_over:
            raise StopIteration
        return [] if is_held else self._take()

    @property
    def read_to(self) -> int:
        """Offset behind what was handed on; 0 before the first."""
        return 0 if self._read is None else self._read.offset

    def _since_oldest(self, done: Progress) -> Progress:
        """What waits for a target is in the snapshot only: a cold start without one must begin before that was read."""
        # The engine asks for a snapshot before it lets the last batch go on: what waits does not count that yet.
        oldest_ms = min((ms for ms in (self._stop.oldest_ms, self._fresh_ms) if ms is not None), default=None)
        if oldest_ms is None:
            return done
        # What is older is a dead letter on its way back, whose record is as young as its retry.
        since_ms = max(oldest_ms, done.accepted_ms - _WAITS_MAX_MS)
        return done._replace(accepted_ms=min(done.accepted_ms, since_ms))

    def _note_end(self) -> None:
        """Asked again: what the last batch held has gone through the flow."""
        end = self._reader.ends[self._partition]
        self.is_behind = end is None or self.read_to < end

    def _take(self) -> list[Item]:
        batch: list[Item] = []
        size_bytes = 0
        max_bytes = max(_BATCH_MIN_BYTES, _BATCHES_MAX_BYTES // len(self._reader.queues))
        while self._queue and size_bytes < max_bytes:
            item = self._queue.popleft()
            batch.append(item)
            size_bytes += len(item[1].value)
        if batch:
            last = batch[-1][1]
            # Never back: what `winnow quarantine retry` writes has its old time, and a cold start would go there.
            known_ms = 0 if self._read is None else self._read.accepted_ms
            self._fresh_ms = max(batch[0][1].accepted_ms, known_ms)
            self._read = Progress(last.offset + 1, max(last.accepted_ms, known_ms))
            self._reader.took(size_bytes)
        return batch

    def next_awake(self) -> datetime:
        """At once: waiting happens in `next_batch`, where completions can end it."""
        return _PAST

    def snapshot(self) -> Position:
        """Where to go on from."""
        self._stands_since = time.perf_counter()
        if self._read is not None:
            self._position = {**self._position, "next": self._read.offset}
            self._saved = self._since_oldest(self._read)
        return self._position

    def close(self) -> None:
        """The flow has ended; whether its last snapshot is written nobody tells, so the group is told no more."""
        if self._reader.close():
            self._stop.ended()
            log.info("stopped")


class WebhooksSource(FixedPartitionedSource[Item, Position]):
    """All partitions of the webhooks topic."""

    def __init__(  # noqa: PLR0913 two of them are hooks, named where they are given
        self,
        kafka: Kafka,
        flow: Flow,
        wake: Waker,
        stop: Stopper,
        *,
        on_start: Callable[[], None],
        on_read: Callable[[], None],
    ) -> None:
        """Read the webhooks topic.

        Args:
            kafka: Where it lies.
            flow: The consumer group, and how far a cold start goes back.
            wake: What the worker sleeps on.
            stop: When to stop reading.
            on_start: Called once, in the worker's thread, before it waits for Kafka.
            on_read: Called once, in the worker's thread, when Kafka is there and reading begins.
        """
        self._kafka = kafka
        self._flow = flow
        self._wake = wake
        self._stop = stop
        self._on_start = on_start
        self._on_read = on_read
        self._reader: Reader | None = None
        self._behind: list[_Partition] | None = None
        self._was_read = 0
        self._moved_s = time.monotonic()

    @property
    def is_behind(self) -> bool:
        """Whether some of what lay in Kafka at the start is still to be read: the latest state of an alert, perhaps."""
        if self._behind == []:
            return False
        parts = self._behind or []
        read = sum(part.read_to for part in parts)
        if read != self._was_read:
            self._was_read, self._moved_s = read, time.monotonic()
        if time.monotonic() - self._moved_s > _BEHIND_MAX_S:
            self._behind = []
        elif parts:
            self._behind = [part for part in parts if part.is_behind]
        return self._behind != []

    @property
    def is_reading(self) -> bool:
        """Whether records are being read."""
        return self._reader is not None and self._reader.is_reading

    @property
    def reading_s(self) -> float:
        """For how long records have been read without a break; 0 while no broker answers."""
        return 0.0 if self._reader is None else self._reader.reading_s

    def has_unread(self, partition: int) -> bool:
        """Whether records of a partition were fetched and not yet handed on."""
        return self._reader is not None and self._reader.has_unread(partition)

    def list_parts(self) -> list[str]:
        """Partition numbers as text.

        Waits for a broker; called once, before anything is read.

        Raises:
            KafkaError: A topic is missing and cannot be made, or has another number of partitions.
        """
        self._on_start()
        while True:
            try:
                ensure(self._kafka)
                break
            except KafkaAwayError as error:
                log.warning("waiting_for_kafka", reason=str(error))
        return [str(partition) for partition in range(self._kafka.partitions)]

    def build_part(self, step_id: str, for_part: str, resume_state: Position | None) -> _Partition:  # noqa: ARG002
        """Begin to read one partition where the snapshot says, or where the consumer group left off.

        Raises:
            ConfigError: The snapshot is of another version.
        """
        position: Position = resume_state or {"v": VERSION, "next": None}
        _check(position)
        wake = None
        if self._reader is None:
            topic = topics(self._kafka).webhooks
            self._reader = Reader(self._kafka, topic, self._flow.group, self._flow.cold_start_rewind, self._wake)
            wake = self._wake
            self._on_read()
        part = _Partition(self._reader, self._stop, int(for_part), position, wake)
        self._behind = [*(self._behind or ()), part]
        self._moved_s = time.monotonic()
        return part


def _check(position: Position) -> None:
    if position["v"] != VERSION:
        raise ConfigError(
            f"the recovery directory was written by another version (positions {position['v']!r}, this Winnow reads "
            f"{VERSION}): run the version that wrote it, or start with an empty recovery directory"
        )
