"""(h) What an alert costs the flow while ten times as many are live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import flow
from benchmarks.figure import Figure
from connectors.kafka import topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settings import Bench

_PARTITIONS = 8
_FEW, _MANY = 100_000, 1_000_000
_ROUNDS = 2


def figures(bench: Bench) -> Iterator[Figure]:
    """CPU for each alert, all of them told twice: first each of them, and then each again."""
    kafkas = {live: bench.kafka(f"live-{live}", _PARTITIONS) for live in (_FEW, _MANY)}
    counts: dict[int, int] = {}
    for live, kafka in kafkas.items():
        topics.ensure(kafka)
        counts[live] = flow.fill(kafka, 2 * live, live=live)
    rounds: dict[int, list[float]] = {live: [] for live in kafkas}
    for _ in range(_ROUNDS):
        for live, kafka in kafkas.items():
            rounds[live].append(flow.measure(bench, kafka, counts[live]).cpu_us)
    few, many = min(rounds[_FEW]), min(rounds[_MANY])
    yield Figure(
        "flow, 1 M live alerts: CPU an alert",
        many,
        "us",
        f"100 k live: {few:.1f} us",
        many / few,
        "ratio <= 1.3",
        cpu_us=many,
        rounds=tuple(rounds[_MANY]),
        limit_value=few,
        limit_rounds=tuple(rounds[_FEW]),
    )
