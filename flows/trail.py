"""The decision trail: one decision per alert event, one outcome per delivery, batched into few Kafka records.

A record of the decisions topic is one JSON object: `{"v": 1, "config", "decisions": [...]}`,
`{"v": 1, "outcomes": [...]}` or `{"v": 1, "config", "retries": [...]}`; it lies in the partition its alerts' webhooks
lie in. `docs/decisions.md` lists the fields.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec
import orjson
from msgspec import UNSET, UnsetType

from alerts.decision import NAME_MAX_CHARS, Outcome, Severity
from alerts.delivery_json import to_plain
from alerts.fingerprint import partition_of
from alerts.quarantine import from_flow
from alerts.record import RECORD_MAX_BYTES
from connectors.request import Message
from flows import metrics
from flows.decision_rows import encode, rows, verdict_json
from flows.replies import Replies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from alerts.alert import Status
    from alerts.decision import Verdict
    from alerts.retry import Retry
    from connectors.job import Ended
    from connectors.kafka.topics import Topics
    from flows.chunk import Chunk

VERSION = 1
AFTER_RECOVERY = "after recovery"

Row = dict[str, object]


class Trail:
    """Turns what happened into messages."""

    def __init__(
        self, topics: Topics, partitions: int, config_version: str, kinds: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Write to `topics`; `kinds` are those of the targets, by name."""
        self._replies = Replies(topics.replies, kinds)
        self._topics = topics
        self._partitions = partitions
        self._config_version = config_version

    def of_chunk(self, chunk: Chunk) -> Iterator[tuple[str, Message]]:
        """The decisions of a chunk, copies for whoever waits for them, and what of it goes to the quarantine."""
        partition = chunk.partition
        if chunk.arrivals:
            decisions = rows(chunk)
            for value in fitted({"v": VERSION, "config": self._config_version}, "decisions", decisions):
                yield str(partition), Message(self._topics.decisions, value, partition=partition)
            if chunk.is_awaited:
                yield from self._replies.of_chunk(chunk, orjson.loads(encode(decisions)))
        if chunk.retry is not None and chunk.recalled is not None:
            row = _recalled(chunk.retry, chunk.recalled)
            value = orjson.dumps({"v": VERSION, "config": self._config_version, "retries": [row]})
            yield str(partition), Message(self._topics.decisions, value, partition=partition)
        for offset, accepted_ms, reason, body in chunk.unreadable:
            metrics.unreadable.inc()
            value = from_flow((self._topics.webhooks, partition, offset), accepted_ms, reason, body)
            yield str(partition), Message(self._topics.quarantine, value)

    def of_ended(self, ended: Sequence[Ended]) -> Iterator[tuple[str, Message]]:
        """The outcomes of deliveries, dead letters of what was given up, and copies for whoever waits for them."""
        metrics.count_ended(ended)
        told = [(end, self._partition(end), _outcome(end)) for end in ended]
        shares: dict[int, list[Told]] = {}
        for _, partition, outcome in told:
            shares.setdefault(partition, []).append(outcome)
        for partition, share in shares.items():
            for value in fitted({"v": VERSION}, "outcomes", share):
                yield str(partition), Message(self._topics.decisions, value, partition=partition)
        for end, partition, outcome in told:
            if end.delivery.alert.envelope.reply:
                yield from self._replies.of_ended(end, orjson.loads(encode(outcome)), partition)
            if end.outcome is Outcome.DEAD_LETTERED:
                letter = orjson.dumps(
                    {"v": VERSION, **orjson.loads(encode(outcome)), "delivery": to_plain(end.delivery)}
                )
                yield str(partition), Message(self._topics.dead_letters, letter, key=end.delivery.id.encode())

    def _partition(self, ended: Ended) -> int:
        return partition_of(ended.delivery.alert.fingerprint, self._partitions)


def decided(chunk: Chunk, head: Row) -> Iterable[bytes]:
    """The decisions of a chunk as records that begin with `head`."""
    return fitted(head, "decisions", rows(chunk))


def _recalled(retry: Retry, verdict: Verdict) -> Row:
    delivery, alert = retry.delivery, retry.delivery.alert
    return {
        "letter": retry.letter,
        "delivery": delivery.id,
        "target": delivery.target,
        "fingerprint": alert.fingerprint,
        "input": alert.id,
        "transition": delivery.transition,
        "accepted_ms": alert.envelope.accepted_ms,
        # Of which alert it is, for whoever follows the topic and began after its decision was written.
        "name": alert.name[:NAME_MAX_CHARS],
        "status": alert.status.value,
        "source": alert.envelope.source,
        "severity": delivery.classification.severity.value,
        "retry": orjson.Fragment(bytes(verdict_json(verdict))),
    }


class Told(msgspec.Struct, gc=False):
    """An outcome as it stands in a record; what is unset is left out."""

    delivery: str
    target: str
    fingerprint: str
    input: str
    transition: str
    outcome: Outcome
    status_code: int | None
    tries: int
    error: str
    accepted_ms: int
    ended_ms: int
    name: str
    status: Status
    source: str
    severity: Severity
    repeat: str | UnsetType
    closes: bool | UnsetType
    replayed: bool | UnsetType


def _outcome(ended: Ended) -> Told:
    id_, target, transition, alert, classification, _, only_closes, replayed = ended.delivery
    envelope = alert.envelope
    return Told(
        id_, target, alert.fingerprint, alert.id, transition,
        ended.outcome, ended.status, ended.tries, ended.error, envelope.accepted_ms, ended.ended_ms,
        alert.name[:NAME_MAX_CHARS], alert.status, envelope.source, classification.severity,
        AFTER_RECOVERY if ended.is_repeat else UNSET, only_closes or UNSET, replayed or UNSET,
    )  # fmt: skip


def fitted(head: Row, word: str, told: Sequence[object]) -> list[bytes]:
    """Rows under a head, as few values as stay below the size of a record."""
    value = encode({**head, word: told})
    if len(value) <= RECORD_MAX_BYTES or len(told) == 1:
        return [value]
    middle = len(told) // 2
    return [*fitted(head, word, told[:middle]), *fitted(head, word, told[middle:])]
