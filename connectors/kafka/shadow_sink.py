"""Writes what a candidate decides; the flow beside it goes on, whatever becomes of that.

A producer of its own. A snapshot waits for its reports as for the others, so that a crash loses nothing of it, but only
for a moment: what was not written by then, or cannot be, is counted as lost.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from prometheus_client import Counter

from alerts.errors import KafkaAwayError, KafkaError
from connectors.kafka.producer import AcknowledgedProducer, Batch
from connectors.kafka.topics import ensure_shadow
from connectors.request import Message

if TYPE_CHECKING:
    from alerts.config import Kafka

log = structlog.get_logger()

_TIMEOUT = timedelta(seconds=30)
_SETTLE = timedelta(seconds=1)

written = Counter(
    "winnow_shadow_records_total", "Records of what a candidate decided, by what became of them", ["outcome"]
)


class _Partition(StatefulSinkPartition[Message, None]):
    def __init__(self, sink: ShadowSink) -> None:
        self._sink = sink

    def write_batch(self, values: list[Message]) -> None:
        self._sink.write(values)

    def snapshot(self) -> None:
        self._sink.settle()

    def close(self) -> None:
        self._sink.settle()


class ShadowSink(FixedPartitionedSink[Message, None]):
    """Writes `(partition of the webhooks topic, Message)`; nothing of it raises."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._producer: AcknowledgedProducer | None = None
        self._is_made = False
        self._is_late = False
        """Whether something was not written in time; until it is, or is given up, nobody waits again."""
        self._is_lossy = False

    def list_parts(self) -> list[str]:
        """One for each partition of the webhooks topic, as for the flow's own messages."""
        return [str(partition) for partition in range(self._kafka.partitions)]

    def part_fn(self, item_key: str) -> int:
        """The part that has the partition's number."""
        return int(item_key)

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _Partition:  # noqa: ARG002
        """A part; all of a process share one producer, and the first makes the topic if it is missing."""
        if not self._is_made:
            self._is_made = True
            try:
                self._producer = self._made()
            except KafkaError as error:
                log.warning("no_shadow", reason=str(error), so="what the candidate decides is lost; the flow goes on")
        return _Partition(self)

    def _made(self) -> AcknowledgedProducer:
        try:
            ensure_shadow(self._kafka)
        except KafkaAwayError as error:
            # Likely there, or soon: what cannot be written meanwhile is lost, what comes later is not.
            log.warning("shadow_topic_unknown", reason=str(error))
        return AcknowledgedProducer(self._kafka, _TIMEOUT)

    def write(self, messages: list[Message]) -> None:
        """Queue messages without waiting."""
        if self._producer is None:
            written.labels(outcome="lost").inc(len(messages))
        elif messages:
            self._producer.send(messages, Batch(len(messages), partial(self._reported, len(messages))))

    def settle(self) -> None:
        """Wait a moment for the reports, unless the last wait was in vain and that is still so."""
        if self._producer is None or (self._is_late and self._producer.queued()):
            return
        try:
            self._producer.flush(_SETTLE)
            self._is_late = False
        except KafkaError:
            self._is_late = True

    def _reported(self, messages: int, batch: Batch) -> None:
        """Called in the producer's thread."""
        written.labels(outcome="written" if batch.error is None else "lost").inc(messages)
        if batch.error is not None and not self._is_lossy:
            log.warning("shadow_lost", reason=batch.error, so="the flow goes on")
        self._is_lossy = batch.error is not None
