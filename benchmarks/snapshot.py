"""(d) A million live alerts: how long a snapshot stops the flow, what each takes of memory, how soon it is back."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from benchmarks import flow, processes
from benchmarks.figure import Figure
from connectors.kafka import topics
from tests.chaos.process import resident_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from alerts.config import Kafka
    from benchmarks.settings import Bench

_PARTITIONS = 32
_ALERTS = 1_000_000
# A load as heavy of few alerts: what queues and buffers take is no part of what an alert takes.
_WARM_UP = 400_000
_SNAPSHOTS = 10
_EVERY_S = 2


class Told(NamedTuple):
    """What the flow tells of itself."""

    records: float
    snapshots: float
    paused_s: float


def figures(bench: Bench) -> Iterator[Figure]:
    """Snapshots while every partition is at work, then kill -9 and a restart."""
    kafka = bench.kafka("snapshot", _PARTITIONS)
    topics.ensure(kafka)
    environment = bench.environment(processes.free_port(), kafka)
    state = bench.folder / "snapshots"
    state.mkdir()
    subprocess.run([sys.executable, "-m", "bytewax.recovery", str(state), "1"], check=True)
    with _flow(environment, state) as pid:
        flow.fill(kafka, _WARM_UP, repeats=100)
        processes.wait_for(lambda: told(environment).records >= _WARM_UP / flow.ALERTS_A_RECORD, "warm", 120)
        time.sleep(2 * _EVERY_S)
        empty_bytes = resident_bytes(pid)
        flow.fill(kafka, _ALERTS)
        processes.wait_for(
            lambda: told(environment).records >= (_WARM_UP + _ALERTS) / flow.ALERTS_A_RECORD, "a million", 300
        )
        time.sleep(2 * _EVERY_S)
        live_bytes = resident_bytes(pid) - empty_bytes
        pauses_ms = _pauses_ms(kafka, environment)
    note = f"all {_PARTITIONS} partitions at work"
    what = "flow, 1 M live alerts: pause for a snapshot"
    yield Figure(what, mean(pauses_ms), "ms", aim="<= 150", note=note, rounds=pauses_ms)
    yield Figure("flow, 1 M live alerts: memory", live_bytes / _ALERTS, "bytes/alert", aim="<= 250")
    killed_at = time.monotonic()
    with _flow(environment, state):
        processes.wait_for(lambda: told(environment).records > 0, "the first record")
        restart_s = time.monotonic() - killed_at
    yield Figure("flow, 1 M live alerts: kill -9 to the first record", restart_s, "s", aim="< 10")


@contextmanager
def _flow(environment: Mapping[str, str], state: Path) -> Iterator[int]:
    arguments = ["-m", "bytewax.run", "flows.proxy", "-r", str(state), "-s", str(_EVERY_S), "-b", "0"]
    with processes.running(arguments, environment, processes.SERVER_CORE) as pid:
        yield pid


def _pauses_ms(kafka: Kafka, environment: Mapping[str, str]) -> tuple[float, ...]:
    """How long each snapshot stopped the flow, by its own count of them."""
    counts = [told(environment)]
    for _ in range(_SNAPSHOTS):
        _at_work(kafka, environment, counts[-1].snapshots + _PARTITIONS)
        counts.append(told(environment))
    return tuple(
        1000 * (after.paused_s - before.paused_s) / (after.snapshots - before.snapshots)
        for before, after in pairwise(counts)
    )


def _at_work(kafka: Kafka, environment: Mapping[str, str], snapshots: float) -> None:
    """Repeats for all partitions until so many snapshots were taken; some of the last are not read yet."""

    def is_there() -> bool:
        flow.fill(kafka, 2 * _PARTITIONS, a_record=1)
        return told(environment).snapshots >= snapshots

    processes.wait_for(is_there, f"{snapshots:.0f} snapshots", 120)


def told(environment: Mapping[str, str]) -> Told:
    """What the flow of this environment tells now; nothing of one that does not answer."""
    url = f"http://{environment['WINNOW_METRICS_LISTEN']}/metrics"
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            page = response.read().decode()
    except OSError:
        return Told(0, 0, 0)
    found = {sample.name: sample.value for family in text_string_to_metric_families(page) for sample in family.samples}
    pauses = ("winnow_snapshot_pause_seconds_count", "winnow_snapshot_pause_seconds_sum")
    return Told(found["winnow_records_consumed_total"], found[pauses[0]], found[pauses[1]])
