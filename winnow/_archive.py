"""What lies in Kafka since some moment: the topics as they are there, not as winnow.yaml would make them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from alerts.errors import KafkaAwayError, KafkaError
from connectors.configuration import file_name
from connectors.kafka.patience import patiently
from connectors.kafka.scan import messages, stored, within
from connectors.kafka.topics import ANSWER_TIMEOUT_S, admin
from winnow._moments import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from confluent_kafka import Message as Consumed

    from alerts.config import Kafka
    from alerts.record import Stored
    from connectors.kafka.scan import Span

# librdkafka's mock cluster names itself so (rdkafka_mock.c), and finds no offset by time.
_EMBEDDED = "mockCluster"
# Where a piece begins. Each is several times as long as the one before, for each costs 0.05 s beside its records.
_PIECES = (63 / 64, 15 / 16, 3 / 4, 0)


class Archive:
    """Reads the topics of one Kafka."""

    def __init__(self, kafka: Kafka) -> None:
        """Look which topics there are.

        Raises:
            KafkaError: No broker answers.
        """
        self._kafka = kafka
        self._client = admin(kafka)
        try:
            listing = self._client.list_topics(timeout=ANSWER_TIMEOUT_S)
        except KafkaException as error:
            raise KafkaAwayError(
                f"no broker answers at {kafka.bootstrap}: {error.args[0].str()}; "
                f"is it running? else set KAFKA_BOOTSTRAP, or kafka.bootstrap in {file_name()}"
            ) from error
        self._counts = {name: len(topic.partitions) for name, topic in listing.topics.items() if topic.error is None}
        self._finds_times = not str(listing.cluster_id).startswith(_EMBEDDED)

    def holds(self, topic: str) -> bool:
        """Whether there is such a topic."""
        return topic in self._counts

    def partitions(self, topic: str) -> range:
        """The partitions of a topic.

        Raises:
            KafkaError: There is no such topic.
        """
        if not self.holds(topic):
            raise KafkaError(
                f"no topic {topic} at {self._kafka.bootstrap}: the gateway and the flow make it when they start; "
                f"or kafka.topic_prefix in {file_name()} is not theirs"
            )
        return range(self._counts[topic])

    def records(
        self, topic: str, since: datetime | None = None, among: Iterable[int] | None = None
    ) -> Iterator[Stored]:
        """The records of a topic, or of some of its partitions, from `since` on; None: all that are kept.

        In a partition they come in order, from the first that was written at `since` or later; partitions are mixed.

        Raises:
            KafkaError: There is no such topic, or the broker stops answering.
        """
        return map(stored, self.messages(topic, since, among))

    def messages(
        self, topic: str, since: datetime | None = None, among: Iterable[int] | None = None
    ) -> Iterator[Consumed]:
        """The same with all that Kafka holds of each record, its headers among it.

        Raises:
            KafkaError: As above.
        """
        partitions = self.partitions(topic) if among is None else among
        if since is None or self._finds_times:
            held = partitions if since is None else self._filled(topic, partitions)
            if held:
                yield from messages(self._kafka, topic, held, since)
            return
        since_ms, begun = milliseconds(since), set[int | None]()
        for one in messages(self._kafka, topic, partitions):
            if one.timestamp()[1] >= since_ms:
                begun.add(one.partition())
            if one.partition() in begun:
                yield one

    def newest_first(
        self, topic: str, since: datetime, *wanted: Callable[[int, float], list[Span]]
    ) -> Iterator[Stored]:
        """The records since then, by pieces of that time, the newest piece first; each comes as `records` gives it.

        A broker in memory gives all as one piece, for it finds no spans.

        Args:
            topic: As above.
            since: As above.
            wanted: Gives which spans of a partition to read, from some moment on and from old to new; of several in a
                piece the newest comes first. What another gives comes when all of the one before is read.

        Raises:
            KafkaError: As above.
        """
        if not self._finds_times:
            yield from self.records(topic, since)
            return
        begin_ms, now_ms = milliseconds(since), milliseconds(datetime.now(UTC))
        held = self._filled(topic, self.partitions(topic))
        for spans in wanted:
            those = {partition: spans(partition, begin_ms) for partition in held}
            until_ms = float("inf")
            for piece_ms in (begin_ms + (now_ms - begin_ms) * part for part in _PIECES):
                left = {partition: _cut(spans, piece_ms, until_ms) for partition, spans in those.items()}
                while now := {partition: cut.pop() for partition, cut in left.items() if cut}:
                    yield from map(stored, within(self._kafka, topic, now))
                until_ms = piece_ms

    def counts(self, topic: str, since: datetime) -> dict[int, int]:
        """About how many records `records` will give, by partition.

        Raises:
            KafkaError: As above.
        """
        begin = OffsetSpec.for_timestamp(milliseconds(since)) if self._finds_times else OffsetSpec.earliest()  # type: ignore[no-untyped-call]
        places = [TopicPartition(topic, partition) for partition in self.partitions(topic)]
        begins, ends = self._offsets(topic, places, begin), self._offsets(topic, places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return {place.partition: ends[place] - offset if offset >= 0 else 0 for place, offset in begins.items()}

    def count(self, topic: str, since: datetime) -> int:
        """The same of all of them."""
        return sum(self.counts(topic, since).values())

    def _offsets(self, topic: str, places: list[TopicPartition], spec: OffsetSpec) -> dict[TopicPartition, int]:
        def ask() -> dict[TopicPartition, int]:
            asked = self._client.list_offsets(dict.fromkeys(places, spec), request_timeout=ANSWER_TIMEOUT_S)
            return {place: answer.result().offset for place, answer in asked.items()}

        try:
            return patiently(ask)
        except KafkaException as error:
            raise KafkaError(f"reading {topic} from {self._kafka.bootstrap}: {error.args[0].str()}") from error

    def _filled(self, topic: str, partitions: Iterable[int]) -> list[int]:
        """Those that hold anything: `scan` cannot look for a moment where all are empty."""
        places = [TopicPartition(topic, partition) for partition in partitions]
        firsts = self._offsets(topic, places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        ends = self._offsets(topic, places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return [place.partition for place in places if ends[place] > firsts[place]]


def _cut(spans: Iterable[Span], begin_ms: float, until_ms: float) -> list[Span]:
    """What of these is in the time between."""
    cut = ((max(begin, begin_ms), min(end, until_ms)) for begin, end in spans)
    return [(begin, end) for begin, end in cut if begin < end]
