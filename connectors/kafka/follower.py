"""Follows a topic as it grows: waits for a topic that is not there yet, and for a broker that went away."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from alerts.errors import KafkaError
from connectors.kafka.patience import all_told
from connectors.kafka.scan import stored
from connectors.kafka.topics import RECOVERY

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import TracebackType

    from confluent_kafka import KafkaError as Report
    from confluent_kafka import Message

    from alerts.config import Kafka
    from alerts.record import Stored

_AT_ONCE_MAX = 1000
_ASK_TIMEOUT_S = 2.0
_PAUSE_S = 0.5
# So long nothing may come before what is missing is taken for gone: Kafka may have dropped it meanwhile.
_GONE_AFTER_S = 10.0
_GONE = frozenset({"UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION"})
# The broker in memory finds no offset by time (connectors/kafka/embedded.py).
_EMBEDDED = "mockCluster"


class Follower:
    """Reads all partitions of one topic without a group; a context manager. No call waits long."""

    def __init__(self, kafka: Kafka, topic: str, since: datetime | None, say: Callable[[str], None]) -> None:
        """Begin with what was written at `since`, or with what comes after now.

        Args:
            kafka: Where the broker is; it need not be there.
            topic: What to read; it need not be there.
            since: None: from its end of now.
            say: Called with a sentence when something keeps it from reading, and when that has passed.

        Raises:
            KafkaError: librdkafka refuses `kafka.client`.
        """
        self._bootstrap = kafka.bootstrap
        self._topic = topic
        self._since_ms = None if since is None else int(since.timestamp() * 1000)
        self._say = say
        self._trouble = ""
        self._is_placed = False
        self._has_waited = False
        self._probe_at = 0.0
        self._ends: dict[int, int] = {}
        self._came_at = 0.0
        settings = {
            "bootstrap.servers": kafka.bootstrap,
            "fetch.wait.max.ms": 100,
            "log_level": 0,
            **RECOVERY,
            **kafka.client,
            # Consumers must name a group; this one never joins it and never commits.
            "group.id": "winnow-follower",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "error_cb": self._note,
        }
        try:
            self._consumer = Consumer(settings)
        except KafkaException as error:
            raise KafkaError(f"kafka.client: {error.args[0].str()}") from error

    @property
    def is_behind(self) -> bool:
        """Whether some of what was there at the beginning, at `since` or later, has not been read."""
        return bool(self._ends)

    def poll(self, timeout_s: float) -> list[Stored]:
        """What has come, in order in each partition; after `timeout_s`, or little more, nothing.

        Raises:
            KafkaError: The broker refuses for good.
        """
        if not self._is_placed and not self._place():
            time.sleep(min(timeout_s, _PAUSE_S))
            return []
        # With more than one to wait for it would wait until that many are there, or the time is up.
        messages = self._consumer.consume(_AT_ONCE_MAX, 0) or self._consumer.consume(1, timeout_s)
        found = [stored(message) for message in messages if self._takes(message)]
        if messages:
            self._came_at = time.monotonic()
        elif time.monotonic() > self._came_at + _GONE_AFTER_S:
            self._ends.clear()
        if found:
            self._is_back()
        elif self._trouble:
            self._probe()
        return found

    def close(self) -> None:
        """Read no more."""
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _place(self) -> bool:
        """Stand where to begin, if the broker and the topic are there."""
        try:
            listing = self._consumer.list_topics(timeout=_ASK_TIMEOUT_S)
            found = listing.topics.get(self._topic)
            if found is None or found.error is not None or not found.partitions:
                self._has_waited = True
                self._is_in("there is no topic {topic} yet; waiting for the gateway or the flow to make it")
                return False
            self._ends.clear()
            finds_times = not str(listing.cluster_id).startswith(_EMBEDDED)
            self._consumer.assign([self._start(number, finds_times=finds_times) for number in found.partitions])
        except KafkaException as error:
            self._refused(error.args[0])
            return False
        self._is_placed = True
        self._came_at = time.monotonic()
        self._is_back()
        return True

    def _takes(self, message: Message) -> bool:
        """Whether it is a record of the time asked for."""
        error = message.error()
        if error is not None:
            self._took(error)
            return False
        partition, offset = message.partition() or 0, message.offset() or 0
        if self._ends and offset + 1 >= self._ends.get(partition, offset + 2):
            del self._ends[partition]
        return self._since_ms is None or message.timestamp()[1] >= self._since_ms

    def _start(self, partition: int, *, finds_times: bool) -> TopicPartition:
        place = TopicPartition(self._topic, partition)
        first, end = self._consumer.get_watermark_offsets(place, timeout=_ASK_TIMEOUT_S)
        if first < end and self._since_ms is not None:
            self._ends[partition] = end
        # All that a topic holds that was not there is new.
        if self._has_waited or (self._since_ms is not None and not finds_times):
            return TopicPartition(self._topic, partition, OFFSET_BEGINNING)
        if self._since_ms is not None:
            asked = [TopicPartition(self._topic, partition, self._since_ms)]
            (found,) = all_told(self._consumer.offsets_for_times(asked, timeout=_ASK_TIMEOUT_S))
            if found.offset >= 0:
                return found
            self._ends.pop(partition, None)
        return TopicPartition(self._topic, partition, end)

    def _took(self, error: Report) -> None:
        """What a partition says instead of a record."""
        if error.name() in _GONE:
            self._is_placed, self._has_waited = False, True
            self._ends.clear()
            self._consumer.unassign()
            return
        self._refused(error)

    def _refused(self, error: Report) -> None:
        if error.fatal() or "AUTHORIZATION" in error.name():
            raise KafkaError(f"reading {self._topic} from {self._bootstrap}: {error.str()}")
        self._is_in(f"waiting for Kafka at {{bootstrap}}: {error.str()}")

    def _note(self, error: Report) -> None:
        """Called by librdkafka in the midst of a poll: what concerns no partition."""
        if error.name() == "_ALL_BROKERS_DOWN":
            self._is_in("no broker answers at {bootstrap}; waiting until one is back")

    def _probe(self) -> None:
        """Ask whether a broker is back: librdkafka says when all are gone, and not when they return."""
        if time.monotonic() < self._probe_at:
            return
        self._probe_at = time.monotonic() + _PAUSE_S
        try:
            self._consumer.list_topics(timeout=_PAUSE_S)
        except KafkaException:
            return
        self._is_back()

    def _is_in(self, trouble: str) -> None:
        """Say it once, until something is read again."""
        if not self._trouble:
            self._say(trouble.format(topic=self._topic, bootstrap=self._bootstrap))
        self._trouble = trouble

    def _is_back(self) -> None:
        if self._trouble:
            self._say(f"reading {self._topic}")
        self._trouble = ""
