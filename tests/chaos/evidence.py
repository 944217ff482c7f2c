"""What lies in Kafka at the end, read without Winnow's own code."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import orjson
from confluent_kafka import Consumer, KafkaException, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT_S = 20.0


class Event(NamedTuple):
    """One alert event as it was accepted."""

    id: str
    fingerprint: str
    status: str
    starts_at: str


class Evidence(NamedTuple):
    """All of it."""

    events: dict[str, list[Event]]
    """By fingerprint, in the order accepted."""
    names: dict[str, set[str]]
    """By fingerprint: the labels `instance` of the alerts it stands for; there should be one."""
    labels: dict[str, dict[str, str]]
    """By fingerprint: its labels."""
    decisions: dict[str, list[Decision]]
    """By input id."""
    outcomes: dict[tuple[str, str, str], set[str]]
    """By target, fingerprint and transition: the words that ended it."""
    letters: set[tuple[str, str, str]]
    """Dead letters, by the same."""
    quarantined: int


class Decision(NamedTuple):
    """What the flow said of an event, one of perhaps several times."""

    dedup: str
    transition: str | None
    filter: str | None
    """`allow`, or the rule that denied."""
    targets: tuple[str, ...]


def records(bootstrap: str, topic: str) -> Iterator[bytes]:
    """All values of a topic up to its end of now; in a partition they come in order.

    Raises:
        KafkaException: The broker does not answer.
    """
    settings = {"bootstrap.servers": bootstrap, "group.id": "chaos-oracle", "enable.auto.commit": False}
    consumer = Consumer({**settings, "log_level": 0, "enable.partition.eof": True})
    try:
        found = consumer.list_topics(topic, timeout=_TIMEOUT_S).topics[topic].partitions
        left = set(found)
        consumer.assign([TopicPartition(topic, partition, 0) for partition in left])
        while left:
            messages = consumer.consume(1000, 0.1) or consumer.consume(1, _TIMEOUT_S)
            assert messages, f"{topic} could not be read to its end"
            for message in messages:
                error = message.error()
                if error is None:
                    yield message.value() or b""
                elif error.name() == "_PARTITION_EOF":
                    left.discard(message.partition() or 0)
                else:
                    raise KafkaException(error)
    finally:
        consumer.close()


def gather(bootstrap: str, prefix: str) -> Evidence:
    """Read all four topics."""
    found = Evidence({}, {}, {}, {}, {}, set(), sum(1 for _ in records(bootstrap, f"{prefix}.quarantine")))
    for value in records(bootstrap, f"{prefix}.webhooks"):
        _webhook(found, value)
    for value in records(bootstrap, f"{prefix}.decisions"):
        record = orjson.loads(value)
        for row in record.get("decisions", ()):
            found.decisions.setdefault(row["id"], []).append(_decision(row))
        for row in record.get("outcomes", ()):
            key = (row["target"], row["fingerprint"], row["transition"])
            found.outcomes.setdefault(key, set()).add(row["outcome"])
    for value in records(bootstrap, f"{prefix}.dead-letters"):
        letter = orjson.loads(value)
        found.letters.add((letter["target"], letter["fingerprint"], letter["transition"]))
    return found


def _webhook(found: Evidence, value: bytes) -> None:
    first, *lines = value.split(b"\n")
    header = orjson.loads(first)
    for (position, fingerprint, status, _, starts_at, _), line in zip(header["alerts"], lines, strict=True):
        events = found.events.setdefault(fingerprint, [])
        if not events or events[-1].status != status:
            # Often enough: a name that shares its fingerprint with another would show with its first event.
            found.labels[fingerprint] = labels = orjson.loads(line)["labels"]
            found.names.setdefault(fingerprint, set()).add(labels["instance"])
        events.append(Event(f"{header['id']}-{position}", fingerprint, status, starts_at))


def _decision(row: dict[str, object]) -> Decision:
    verdict = row.get("filter")
    filtered = None
    if isinstance(verdict, dict):
        filtered = str(verdict["rule"] if verdict["outcome"] == "deny" else verdict["outcome"])
    planned = row.get("deliveries")
    targets = tuple(str(one["target"]) for one in planned) if isinstance(planned, list) else ()
    dedup, transition = row["dedup"], row.get("transition")
    assert isinstance(dedup, dict)
    return Decision(dedup["outcome"], None if transition is None else str(transition), filtered, targets)
