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
_ALERTS = 600_000
_ROUNDS = 4
# As dear as each other; a tenth of the alerts is decided otherwise by each.
_RULE, _OTHER = (
    {"name": f"ends-{one}", "when": f'instance=~".*{one}[.]example.*"', "action": "deny"} for one in (0, 1)
)


def figures(bench: Bench) -> Iterator[Figure]:
    """CPU time an alert, the least of some rounds of each."""
    candidate = bench.folder / "candidate.yaml"
    candidate.write_text(yaml.safe_dump({"filter": [_OTHER], "targets": []}))
    rounds = [(_cpu_us(bench), _cpu_us(bench, shadow=str(candidate))) for _ in range(_ROUNDS)]
    alones, besides = zip(*rounds, strict=True)
    alone, beside = min(alones), min(besides)
    yield Figure(
        "flow with a shadow, CPU an alert",
        beside,
        "us",
        f"without one: {alone:,.1f} us",
        beside / alone,
        "ratio <= 2",
        cpu_us=beside,
        rounds=besides,
        limit_value=alone,
        limit_rounds=alones,
    )


def _cpu_us(bench: Bench, **sections: object) -> float:
    kafka, empty = bench.kafka("shadow", _PARTITIONS), bench.kafka("empty", _PARTITIONS)
    topics.ensure(kafka)
    count = flow.fill(kafka, _ALERTS, repeats=2)
    started_s = flow.cpu_s(bench, empty, 0, filter=[_RULE], **sections)
    took_s = flow.cpu_s(bench, kafka, count, filter=[_RULE], **sections)
    if sections:
        records = scan(kafka, topics.shadow(kafka), range(_PARTITIONS))
        judged = sum(len(lines(record.value)) for record in records)
        # It ends with the flow, whose last decisions it has not all judged yet.
        if judged < 0.95 * count:
            raise RuntimeError(f"the candidate judged {judged} of {count} alerts")
    return (took_s - started_s) * 1e6 / count
