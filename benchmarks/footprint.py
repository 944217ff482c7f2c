"""(i) What gateway and flow take while nobody asks them for anything, and of memory after they worked."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import flow, processes
from benchmarks.bodies import webhook
from benchmarks.figure import Figure, middle
from benchmarks.http_load import load, post
from benchmarks.snapshot import told
from connectors.kafka import topics
from tests.chaos.process import resident_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settings import Bench

_PARTITIONS = 8
_LIVE = 100_000
_ROUNDS = 4
_SETTLING_S = 5.0
_CONNECTIONS = 64
_MIB = 1024 * 1024


def figures(bench: Bench) -> Iterator[Figure]:
    """CPU in percent of a core while idle, then MiB: the gateway after a load, the flow with so many live alerts."""
    kafka, port = bench.kafka("footprint", _PARTITIONS), processes.free_port()
    topics.ensure(kafka)
    environment = bench.environment(port, kafka)
    with (
        processes.running(["-m", "http_gateway"], environment, processes.SERVER_CORE) as gateway,
        processes.running(["-m", "bytewax.run", "flows.proxy"], environment, processes.SERVER_CORE) as proxy,
    ):
        for listen in (f"127.0.0.1:{port}", environment["WINNOW_METRICS_LISTEN"]):
            url = f"http://{listen}/readyz"
            processes.wait_for(partial(processes.answers, url), f"{url} answers")
        time.sleep(_SETTLING_S)
        percent, rounds = middle(_idle(gateway, proxy, bench.seconds) for _ in range(_ROUNDS))
        yield Figure("idle gateway and flow: CPU of a core", percent, "%", aim="<= 3", rounds=rounds)
        for alerts in (1, 100):
            body = webhook(range(alerts))
            load(port, [post(port, "/v1/webhooks/alertmanager", body)], _CONNECTIONS, bench.seconds / 2)
        worker = max(map(resident_bytes, processes.children(gateway)))
        yield Figure("gateway worker after a load: memory", worker / _MIB, "MiB", aim="<= 120")
        before = told(environment).records
        flow.fill(kafka, _LIVE)
        due = before + _LIVE / flow.ALERTS_A_RECORD
        processes.wait_for(lambda: told(environment).records >= due, f"{_LIVE} alerts", 120)
        yield Figure("flow, 100 k live alerts: memory", resident_bytes(proxy) / _MIB, "MiB", aim="<= 250")


def _idle(gateway: int, proxy: int, seconds: float) -> float:
    """Percent of a core that both take within this time."""
    before_s = processes.cpu_s(gateway) + processes.cpu_s(proxy)
    time.sleep(seconds)
    return 100 * (processes.cpu_s(gateway) + processes.cpu_s(proxy) - before_s) / seconds
