"""(e) A replay from a real Kafka with its comparison, beside the flow that decided the same alerts in the same run."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import orjson

from benchmarks import flow, processes
from benchmarks.figure import Figure
from connectors.kafka import topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Kafka
    from benchmarks.settings import Bench

_PARTITIONS = 8
_ROUNDS = 4
# It is the limit's best that counts, and one takes as long as a replay.
_LIVES = 2
_KILLS = 5


def figures(bench: Bench) -> Iterator[Figure]:
    """Alerts a second in one process over the live flow's rate, and what differs from what that decided."""
    kafka = bench.kafka("replay", _PARTITIONS)
    topics.ensure(kafka)
    count = flow.fill(kafka, bench.alerts, repeats=2)
    flow.record(bench, kafka, count, _KILLS)
    replays, differences = [], 0
    for _ in range(_ROUNDS):
        replayed, differing = _replay(bench, kafka, count)
        replays.append(replayed)
        differences += differing
    # After the replays, which compare with what is on record: it is decided anew.
    lives = [flow.measure(bench, kafka, count) for _ in range(_LIVES)]
    live, replayed = flow.best(lives), flow.best(replays)
    yield Figure(
        f"replay --diff of {count:,} alerts, half repeats",
        replayed.alerts_s,
        "alerts/s",
        f"the live flow: {live}",
        replayed.alerts_s / live.alerts_s,
        ">= 100,000, ratio >= 0.8",
        f"ratio by CPU {live.cpu_us / replayed.cpu_us:.2f}",
        cpu_us=replayed.cpu_us,
        rounds=tuple(rate.alerts_s for rate in replays),
        limit_value=live.alerts_s,
    )
    what = f"differences of that from what a flow decided under {_KILLS} kill -9"
    yield Figure(what, differences, "alerts", aim="<= 0 alerts")


def _replay(bench: Bench, kafka: Kafka, count: int) -> tuple[flow.Rate, int]:
    environment = {**os.environ, **bench.environment(processes.free_port(), kafka)}
    pinned = ["taskset", "-c", str(processes.SERVER_CORE), sys.executable, "-m", "benchmarks.replayer"]
    run = subprocess.run(pinned, check=True, capture_output=True, text=True, timeout=300, env=environment)
    told = orjson.loads(run.stdout)
    if told["events"] != count:
        raise RuntimeError(f"{told['events']} of {count} alerts were compared")
    return flow.Rate(count / told["seconds"], 1e6 * told["cpu_s"] / count), told["differences"]
