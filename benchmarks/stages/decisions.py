"""Decisions and outcomes: written, found again as bytes, explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from alerts.decision import Outcome
from benchmarks import events
from benchmarks.stage import Limit, Stage
from connectors.job import Ended
from connectors.kafka.topics import Topics
from flows import decided
from flows.decision_rows import encode, rows
from flows.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settings import Bench
    from flows.chunk import Chunk

_COUNT = 1000
_TOPICS = Topics("webhooks", "decisions", "quarantine", "dead-letters", "replies", "names")


def stages(_: Bench) -> Iterator[Stage]:
    """CPU a decision, half of them repeats; the limits are what orjson takes for the same text."""
    targets = [events.target("webhook", name) for name in ("oncall", "chat", "hook")]
    chunk = events.chunk(range(_COUNT // 2), targets)
    trail = Trail(_TOPICS, 32, "0123456789ab", {target.name: target.kind for target in targets})
    yield from _written(chunk, trail)
    ((_key, message),) = trail.of_chunk(chunk)
    yield from _read(message.value)
    ended = [
        Ended(delivery, Outcome.DELIVERED, 1, 200, "", events.NOW_MS + 9)
        for delivery in events.deliveries(range(_COUNT), "hook")
    ]
    outcomes = [orjson.loads(message.value) for _key, message in trail.of_ended(ended)]
    yield Stage(
        "outcomes, written",
        "outcome",
        _COUNT,
        lambda: sum(message.value.count(b'"ended_ms"') for _, message in trail.of_ended(ended)),
        Limit("orjson.dumps of the same objects", lambda: [orjson.dumps(row) for row in outcomes]),
    )


def _written(chunk: Chunk, trail: Trail) -> Iterator[Stage]:
    plain = orjson.loads(encode(rows(chunk)))
    limit = Limit("orjson.dumps of the same objects", lambda: orjson.dumps(plain))

    def encoded() -> int:
        made = rows(chunk)
        encode(made)
        return len(made)

    yield Stage("decisions, rows encoded", "decision", _COUNT, encoded, limit)

    def run() -> int:
        return sum(message.value.count(b'"dedup":{') for _, message in trail.of_chunk(chunk))

    yield Stage("decisions, records", "decision", _COUNT, run, limit)


def _read(value: bytes) -> Iterator[Stage]:
    lines = decided.lines(value)
    yield Stage(
        "decisions, found in a record",
        "decision",
        _COUNT,
        lambda: len(decided.lines(value)),
        Limit("bytes.split", lambda: value.split(b',{"id":"')),
    )
    alike = Limit("orjson.loads of the same text", lambda: orjson.loads(value))
    yield Stage(
        "decisions, compared by shape",
        "decision",
        _COUNT,
        lambda: len([decided.shape(text) for _, text in lines]),
        alike,
    )
    rows = [decided.decode(line) for line in lines]
    yield Stage("decisions, decoded", "decision", _COUNT, lambda: len([decided.decode(line) for line in lines]), alike)
    told = Limit("a tuple for each", lambda: [(row["dedup"]["outcome"], row["id"]) for row in rows])
    yield Stage("decisions, explained", "decision", _COUNT, lambda: len([decided.reason(row) for row in rows]), told)
