"""(f) The flow with a candidate beside it, over the same flow without one, in turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from benchmarks import flow
from benchmarks.figure import Figure
from connectors.kafka import topics
from connectors.kafka.scan import scan
from flows.decided import lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settings import Bench

_PARTITIONS = 8
_ALERTS = 400_000
_ROUNDS = 3
# As `flow.fill` names them, so that some alerts are decided otherwise.
_RULE = {"name": "tens", "when": 'instance=~".*0"', "action": "deny"}


def figures(bench: Bench) -> Iterator[Figure]:
    """Alerts a second that the flow decides, the best of some rounds of each."""
    candidate = bench.folder / "candidate.yaml"
    candidate.write_text(yaml.safe_dump({"filter": [_RULE], "targets": []}))
    alone, beside = 0.0, 0.0
    for _ in range(_ROUNDS):
        alone = max(alone, _rate(bench))
        beside = max(beside, _rate(bench, shadow=str(candidate)))
    shown = f"without one: {alone:,.0f}/s"
    yield Figure("flow with a shadow", beside, "alerts/s", shown, beside / alone, "ratio >= 0.5")


def _rate(bench: Bench, **sections: object) -> float:
    kafka = bench.kafka("shadow", _PARTITIONS)
    topics.ensure(kafka)
    count = flow.fill(kafka, _ALERTS, repeats=2)
    rate = flow.rate(bench, kafka, topics.topics(kafka).decisions, count, **sections)
    if sections:
        records = scan(kafka, topics.shadow(kafka), range(_PARTITIONS))
        judged = sum(len(lines(record.value)) for record in records)
        # It ends with the flow, whose last decisions it has not all judged yet.
        if judged < 0.95 * count:
            raise RuntimeError(f"the candidate judged {judged} of {count} alerts")
    return rate
