"""(e) A replay from a real Kafka with its comparison, beside the flow that decided the same alerts in the same run."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks import flow, processes
from benchmarks.figure import Figure
from connectors.kafka import topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settings import Bench

_PARTITIONS = 8
_ALERTS = 1_000_000


def figures(bench: Bench) -> Iterator[Figure]:
    """Alerts a second in one process, over the live flow's rate."""
    kafka = bench.kafka("replay", _PARTITIONS)
    topics.ensure(kafka)
    count = flow.fill(kafka, _ALERTS, repeats=2)
    live = flow.rate(bench, kafka, topics.topics(kafka).decisions, count)
    environment = {**os.environ, **bench.environment(processes.free_port(), kafka)}
    pinned = ["taskset", "-c", str(processes.SERVER_CORE), sys.executable, "-m", "benchmarks.replayer", str(count)]
    run = subprocess.run(pinned, check=True, capture_output=True, text=True, timeout=300, env=environment)
    replayed = float(run.stdout)
    shown = f"the live flow: {live:,.0f}/s"
    yield Figure(
        "replay --diff, 100-alert records, half repeats", replayed, "alerts/s", shown, replayed / live, "ratio >= 0.8"
    )
