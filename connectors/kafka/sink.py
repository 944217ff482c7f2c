"""Messages out of the flow: writing does not wait, but a snapshot does, until every report is in.

Only what goes to the topics of replies and names is never waited for: nothing is promised of it, so nothing may stand
still for it. Each has a producer of its own. Where the names topic takes nothing, whoever writes to it is told.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from alerts.errors import KafkaError
from connectors.kafka.producer import AcknowledgedProducer, Batch
from connectors.kafka.replies import Replies
from connectors.kafka.topics import is_there, topics
from connectors.request import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.config import Kafka

# Longer than a broker takes to restart; nothing is given up before, and after it the flow restarts from its snapshot.
_TIMEOUT = timedelta(minutes=5)


class _Partition(StatefulSinkPartition[Message, None]):
    def __init__(self, sink: MessageSink) -> None:
        self._sink = sink

    def write_batch(self, values: list[Message]) -> None:
        """Queue messages.

        Raises:
            KafkaError: An earlier one was not acknowledged.
        """
        self._sink.write(values)

    def snapshot(self) -> None:
        """Wait until all that was written is in Kafka, so the offset saved beside it is true.

        Raises:
            KafkaError: It is not.
        """
        self._sink.settle()

    def close(self) -> None:
        """The flow ends: give the last replies a moment."""
        self._sink.close()


class MessageSink(FixedPartitionedSink[Message, None]):
    """Writes `(partition of the webhooks topic, Message)` to the topics the messages name."""

    def __init__(
        self, kafka: Kafka, timeout: timedelta = _TIMEOUT, unnamed: Callable[[str], None] = lambda _: None
    ) -> None:
        """Nothing happens yet; `unnamed` is told, in any thread, why messages to the names topic are lost."""
        self._kafka = kafka
        self._timeout = timeout
        self._producer: AcknowledgedProducer | None = None
        self._names: AcknowledgedProducer | None = None
        """Its records stay in order, and none comes before one that was lost is told."""
        self._error: str | None = None
        self._unnamed = unnamed
        self._names_topic = topics(kafka).names
        self._replies_topic = topics(kafka).replies
        self._replies = Replies(kafka)

    def list_parts(self) -> list[str]:
        """One for each partition of the webhooks topic, so that what a partition caused is written by its worker."""
        return [str(partition) for partition in range(self._kafka.partitions)]

    def part_fn(self, item_key: str) -> int:
        """The part that has the partition's number."""
        return int(item_key)

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _Partition:  # noqa: ARG002
        """A part; all of a process share one producer.

        It is made at the start: an idempotent producer's first message waits for its id, up to a second.
        """
        if self._producer is None:
            self._producer = AcknowledgedProducer(self._kafka, self._timeout, patience=self._timeout)
            self._names = AcknowledgedProducer(self._kafka, self._timeout)
            # librdkafka takes half a minute to give up a topic that was not made.
            if not is_there(self._kafka, self._names_topic):
                self._unnamed(f"there is no topic {self._names_topic}")
        return _Partition(self)

    def write(self, messages: list[Message]) -> None:
        """Queue messages, waiting for room if the queue is full."""
        assert self._producer is not None
        assert self._names is not None
        if self._error is not None:
            raise KafkaError(f"a message was not acknowledged: {self._error}")
        names = [message for message in messages if message.topic == self._names_topic]
        if names:
            self._names.send(names, Batch(len(names), self._reported_names))
        promised = [one for one in messages if one.topic not in {self._replies_topic, self._names_topic}]
        if promised:
            self._producer.send(promised, Batch(len(promised), self._reported))
        if len(promised) + len(names) < len(messages):
            self._replies.send(message for message in messages if message.topic == self._replies_topic)

    def _reported(self, batch: Batch) -> None:
        self._error = self._error or batch.error

    def _reported_names(self, batch: Batch) -> None:
        if batch.error is not None:
            self._unnamed(batch.error)

    def settle(self) -> None:
        """Wait for all reports."""
        if self._producer is not None:
            self._producer.flush(self._timeout)
        if self._error is not None:
            raise KafkaError(f"a message was not acknowledged: {self._error}")

    def close(self) -> None:
        """Give the last replies a moment; names that are lost now are none that anybody claims to have told."""
        self._replies.close()
