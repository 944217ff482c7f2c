"""Writes what a candidate decides; the flow beside it goes on, whatever becomes of that.

A producer of its own. A snapshot waits for its reports as for the others, so that a crash loses nothing of it, but only
for a moment: what was not written by then, or cannot be, is counted as lost.
"""

from __future__ import annotations

import threading
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
_AGAIN = timedelta(seconds=30)

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
        self._sink.close()


class ShadowSink(FixedPartitionedSink[Message, None]):
    """Writes `(partition of the webhooks topic, Message)`; nothing of it raises."""

    def __init__(self, kafka: Kafka, again: timedelta = _AGAIN) -> None:
        """Nothing happens yet; `again` is how often it looks for a topic that is not there or cannot be used."""
        self._kafka = kafka
        self._again_s = again.total_seconds()
        self._producer: AcknowledgedProducer | None = None
        self._is_begun = False
        self._parts = 0
        """How many are open."""
        self._is_ended = threading.Event()
        self._told = ""
        """Why the topic cannot be written to, as it was last logged."""
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
        self._parts += 1
        if not self._is_begun:
            self._is_begun = True
            if not self._is_there():
                threading.Thread(target=self._look_again, name="shadow-topic", daemon=True).start()
        return _Partition(self)

    def _look_again(self) -> None:
        """In a thread of its own: until a broker answers, the flow would stand still for seconds."""
        while not self._is_ended.wait(self._again_s):
            if self._is_there():
                log.info("shadow_topic_found")
                return

    def _is_there(self) -> bool:
        """Whether there is a topic now; from then on, or if nobody could tell, there is a producer too."""
        try:
            is_known = self._is_known()
            self._producer = self._producer or AcknowledgedProducer(self._kafka, _TIMEOUT)
        except KafkaError as error:
            self._tell("no_shadow", str(error))
            return False
        return is_known

    def _is_known(self) -> bool:
        try:
            ensure_shadow(self._kafka)
        except KafkaAwayError as error:
            # Likely there, or soon: what cannot be written meanwhile is lost, what comes later is not.
            self._tell("shadow_topic_unknown", str(error))
            return False
        return True

    def _tell(self, event: str, reason: str) -> None:
        if reason != self._told:
            self._told = reason
            log.warning(event, reason=reason, so="what the candidate decides may be lost; the flow goes on")

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

    def close(self) -> None:
        """Wait a moment, and look for the topic no more; after the last part nothing more is reported."""
        self._is_ended.set()
        self.settle()
        self._parts -= 1
        if not self._parts and self._producer is not None:
            self._producer.close()

    def _reported(self, messages: int, batch: Batch) -> None:
        """Called in the producer's thread."""
        written.labels(outcome="written" if batch.error is None else "lost").inc(messages)
        if batch.error is not None and not self._is_lossy:
            log.warning("shadow_lost", reason=batch.error, so="the flow goes on")
        self._is_lossy = batch.error is not None
