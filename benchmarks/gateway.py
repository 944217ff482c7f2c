"""(a) The gateway, one process: requests a second and CPU per request, beside Granian that only reads the body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import processes
from benchmarks.bodies import webhook
from benchmarks.figure import Figure
from benchmarks.http_load import load, post

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settings import Bench

_CONNECTIONS = 64


def figures(bench: Bench) -> Iterator[Figure]:
    """CPU per request and rates for bodies of 1 and of 100 alerts."""
    ones = [webhook(range(number, number + 1)) for number in range(500)]
    hundreds = [webhook(range(first, first + 100)) for first in range(0, 2000, 100)]
    bare_port, port = processes.free_port(), processes.free_port()
    with processes.running(["-m", "benchmarks.bare", str(bare_port)], {}, processes.SERVER_CORE) as bare:
        processes.wait_for(lambda: processes.answers(f"http://127.0.0.1:{bare_port}/"), "bare Granian answers")
        bare_cpu_us, bare_rate = _measure(bare, bare_port, "/", ones, bench.seconds)
    with processes.running(["-m", "http_gateway"], bench.environment(port), processes.SERVER_CORE) as gateway:
        ready = f"http://127.0.0.1:{port}/readyz"
        processes.wait_for(lambda: processes.answers(ready), "the gateway is ready")
        path = "/v1/webhooks/alertmanager"
        cpu_us, rate = _measure(gateway, port, path, ones, bench.seconds)
        many_cpu_us, many_rate = _measure(gateway, port, path, hundreds, bench.seconds)
    limit = f"bare Granian {bare_cpu_us:.0f} us, {bare_rate:,.0f}/s"
    ratio = cpu_us / bare_cpu_us
    yield Figure("gateway, 1 alert a body: CPU per request", cpu_us, "us", limit, ratio, "ratio <= 3")
    yield Figure("gateway, 1 alert a body: rate", rate, "requests/s", limit, rate / bare_rate)
    yield Figure(
        "gateway, 100 alerts a body: CPU per request",
        many_cpu_us,
        "us",
        note=f"{many_cpu_us / 100:.1f} us/alert",
    )
    yield Figure("gateway, 100 alerts a body: rate", many_rate * 100, "alerts/s")


def _measure(pid: int, port: int, path: str, bodies: list[bytes], seconds: float) -> tuple[float, float]:
    """CPU in microseconds per request, and requests a second; the first second is not counted."""
    requests = [post(port, path, body) for body in bodies]
    load(port, requests, _CONNECTIONS, 1.0)
    before_s = processes.cpu_s(pid)
    run = load(port, requests, _CONNECTIONS, seconds)
    if run.failed:
        raise RuntimeError(f"{run.failed} of {run.requests} requests to {path} were not answered 2xx")
    return (processes.cpu_s(pid) - before_s) / run.requests * 1e6, run.requests / run.seconds
