"""(a) The gateway, one process: requests a second and CPU per request, beside Granian that only reads the body."""

from __future__ import annotations

import secrets
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import processes
from benchmarks.bodies import webhook
from benchmarks.figure import Figure, middle
from benchmarks.http_load import load, post
from connectors.kafka import topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settings import Bench

_CONNECTIONS = 64
_ROUNDS = 5
_PARTITIONS = 8
PATH = "/v1/webhooks/alertmanager"
_TOKEN = secrets.token_urlsafe(32)
# All that is switched on by settings and meets each request.
_GUARDED = {
    "sources": [{"name": "bench", "bearer": {"token": _TOKEN}, "addresses": ["127.0.0.0/8"]}],
    "limits": {"rate": {"requests": 10_000, "burst": 10_000}},
}


def figures(bench: Bench) -> Iterator[Figure]:
    """CPU per request and rates for bodies of 1 and of 100 alerts.

    The two servers take turns, and each figure is the median of its rounds: this machine's speed drifts within seconds.
    """
    ones = [webhook(range(number, number + 1)) for number in range(500)]
    hundreds = [webhook(range(first, first + 100)) for first in range(0, 2000, 100)]
    bare_port, least_port, port, guarded_port = (processes.free_port() for _ in range(4))
    core = processes.SERVER_CORE
    kafka = bench.kafka("least", _PARTITIONS)
    topics.ensure(kafka)
    written = {"KAFKA_BOOTSTRAP": kafka.bootstrap, "PROTOTYPE_TOPIC": topics.topics(kafka).webhooks}
    with (
        processes.running(["-m", "benchmarks.bare", str(bare_port)], {}, core) as bare,
        processes.running(["-m", "benchmarks.prototype", str(least_port)], written, core) as least,
        processes.running(["-m", "http_gateway"], bench.environment(port), core) as gateway,
        processes.running(["-m", "http_gateway"], bench.environment(guarded_port, gateway=_GUARDED), core) as guarded,
    ):
        for at in (f"{bare_port}/", f"{least_port}/", f"{port}/readyz", f"{guarded_port}/readyz"):
            url = f"http://127.0.0.1:{at}"
            processes.wait_for(partial(processes.answers, url), f"{url} answers")
        seconds = bench.seconds / _ROUNDS
        limits, taken, held, many, least_many = [], [], [], [], []
        for _ in range(_ROUNDS):
            limits.append(measure(bare, bare_port, "/", ones, seconds))
            taken.append(measure(gateway, port, PATH, ones, seconds))
            held.append(measure(guarded, guarded_port, PATH, ones, seconds, _TOKEN))
            many.append(measure(gateway, port, PATH, hundreds, seconds))
            least_many.append(measure(least, least_port, "/", hundreds, seconds))
    ours, theirs, guards, large, least_large = (
        _Columns(*zip(*rounds, strict=True)) for rounds in (taken, limits, held, many, least_many)
    )
    yield from _ones(ours, theirs)
    yield _beside("gateway, bearer, addresses, rate: CPU per request", guards, ours, "without", "ratio <= 1.25")
    yield from _hundreds(large, least_large)


class _Columns(NamedTuple):
    """The rounds of one server."""

    cpu_us: tuple[float, ...]
    rate: tuple[float, ...]


def _ones(ours: _Columns, theirs: _Columns) -> Iterator[Figure]:
    yield _beside("gateway, 1 alert a body: CPU per request", ours, theirs, "bare Granian", "ratio <= 2.2")
    rate, bare_rate = median(ours.rate), median(theirs.rate)
    yield Figure(
        "gateway, 1 alert a body: rate",
        rate,
        "requests/s",
        f"bare Granian {bare_rate:,.0f}/s",
        rate / bare_rate,
        cpu_us=median(ours.cpu_us),
        rounds=ours.rate,
        limit_value=bare_rate,
        limit_rounds=theirs.rate,
    )


def _hundreds(ours: _Columns, theirs: _Columns) -> Iterator[Figure]:
    """Beside the plain app that does the same: its rate says how fast the machine is just now."""
    named = "the plain app that validates, splits and produces"
    yield _beside("gateway, 100 alerts a body: CPU per request", ours, theirs, named, "")
    (rate, rounds), (least, leasts) = (middle(100 * one for one in columns.rate) for columns in (ours, theirs))
    yield Figure(
        "gateway, 100 alerts a body: rate",
        rate,
        "alerts/s",
        f"{named} {least:,.0f}/s",
        rate / least,
        ">= 120,000, ratio >= 0.88",
        cpu_us=median(ours.cpu_us) / 100,
        rounds=rounds,
        limit_value=least,
        limit_rounds=leasts,
    )


def _beside(what: str, ours: _Columns, theirs: _Columns, named: str, aim: str) -> Figure:
    """CPU per request over another server's, the ratio that of each round."""
    cpu_us, other_us = median(ours.cpu_us), median(theirs.cpu_us)
    return Figure(
        what,
        cpu_us,
        "us",
        f"{named} {other_us:.0f} us",
        median(one / other for one, other in zip(ours.cpu_us, theirs.cpu_us, strict=True)),
        aim,
        cpu_us=cpu_us,
        rounds=ours.cpu_us,
        limit_value=other_us,
        limit_rounds=theirs.cpu_us,
    )


def measure(
    pid: int, port: int, path: str, bodies: list[bytes], seconds: float, token: str | None = None
) -> tuple[float, float]:
    """CPU in microseconds per request, and requests a second, after a short warm-up."""
    requests = [post(port, path, body, token) for body in bodies]
    load(port, requests, _CONNECTIONS, 0.5)
    before_s = processes.cpu_s(pid)
    run = load(port, requests, _CONNECTIONS, seconds)
    if run.failed:
        raise RuntimeError(f"{run.failed} of {run.requests} requests to {path} were not answered 2xx")
    return (processes.cpu_s(pid) - before_s) / run.requests * 1e6, run.requests / run.seconds
