"""(k) Beside Alertmanager, which is what people would use instead: the same alerts in, as many notifications out.

It is built from its Go module as released, without its pages; so Go is needed. It keeps alerts in memory, where
Winnow's gateway answers once Kafka has each. What Kafka itself uses is not counted, and Winnow's gateway is asked over
connections that stay, where each 64 alerts to be delivered by Alertmanager come over a new one.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

import yaml

from alerts.instant import rfc3339
from benchmarks import delivery, gateway, path, processes, receiver
from benchmarks.bodies import posted
from benchmarks.delivery import Case
from benchmarks.figure import Figure, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.settings import Bench

_MODULE = "github.com/prometheus/alertmanager@v0.34.2"
_NAMED = "Alertmanager 0.34.2"
_PATH = "/api/v2/alerts"
_ROUNDS = 4
_BUILT_WITHIN_S = 1200
_DEADLINE_S = 180
_A_POST = 64
_A_SECOND = 100
_CASES = (
    Case("from the request to its delivery", "webhook", 19_200, 1),
    Case("from the request to its delivery, 64 at once", "webhook", 64_000, 64),
)


def figures(bench: Bench) -> Iterator[Figure]:
    """What each does, and the ratio of the two, which took turns.

    Raises:
        RuntimeError: Alertmanager cannot be built here.
    """
    program = built(bench.folder)
    ingest = _ingest(bench, program)
    yield from ingest.values()
    gateway_us = ingest[_A_POST].cpu_us or 0.0
    for case in _CASES:
        runs = [
            (gateway_us + delivery.delivered(bench, case).cpu_us, _delivered(bench, program, case))
            for _ in range(_ROUNDS)
        ]
        yield _beside(case.what, "us", *zip(*runs, strict=True))
    yield from _arrival(bench, program)


def built(folder: Path) -> str:
    """The program, made in this folder.

    Raises:
        RuntimeError: There is no Go, or it could not.
    """
    if shutil.which("go") is None:
        raise RuntimeError(f"building {_NAMED} needs Go, and there is no `go` on the path")
    try:
        module = json.loads(_go("mod", "download", "-json", _MODULE, at=folder))
        source = folder / "source"
        subprocess.run(["cp", "-r", "--no-preserve=mode", module["Dir"], str(source)], check=True)
        # Its pages are made by a build of their own, and are no part of the module.
        pages = source / "ui" / "app" / "dist"
        pages.mkdir(parents=True, exist_ok=True)
        (pages / "index.html").touch()
        _go("build", "-o", str(folder / "alertmanager"), "./cmd/alertmanager", at=source)
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{_NAMED} could not be built: {error.stderr}") from error
    return str(folder / "alertmanager")


def _go(*arguments: str, at: Path) -> str:
    command = ["go", *arguments]
    return subprocess.run(command, cwd=at, check=True, capture_output=True, text=True, timeout=_BUILT_WITHIN_S).stdout


@contextmanager
def _running(bench: Bench, program: str, core: int | None, told: int, **route: object) -> Iterator[tuple[int, int]]:
    """Its process id and its port; it tells a webhook at the port `told`."""
    port = processes.free_port()
    state = bench.folder / f"alertmanager-{port}"
    state.mkdir()
    hook = {"url": f"http://127.0.0.1:{told}/", "send_resolved": False}
    settings = {
        # It groups by these, waits so long for more of a group, and tells none again within a run.
        "route": {"receiver": "told", "group_interval": "1h", "repeat_interval": "1d", **route},
        "receivers": [{"name": "told", "webhook_configs": [hook]}],
    }
    (state / "alertmanager.yml").write_text(yaml.safe_dump(settings))
    arguments = [
        f"--config.file={state / 'alertmanager.yml'}",
        f"--storage.path={state}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    environment = {} if core is None else {"GOMAXPROCS": "1"}
    with processes.running(arguments, environment, core, program) as pid:
        url = f"http://127.0.0.1:{port}/-/ready"
        processes.wait_for(partial(processes.answers, url), f"{url} answers")
        yield pid, port


def _ingest(bench: Bench, program: str) -> dict[int, Figure]:
    """By the alerts of a request; both get the same. Theirs lie in one group, of which nobody is told meanwhile."""
    port, core = processes.free_port(), processes.SERVER_CORE
    quiet = {"group_by": ["job"], "group_wait": "1h"}
    found: dict[int, Figure] = {}
    with (
        processes.running(["-m", "http_gateway"], bench.environment(port), core) as ours,
        _running(bench, program, core, processes.free_port(), **quiet) as (theirs, their_port),
    ):
        url = f"http://127.0.0.1:{port}/readyz"
        processes.wait_for(partial(processes.answers, url), f"{url} answers")
        for alerts, count in ((1, 500), (_A_POST, 32 * _A_POST)):
            bodies = [posted(range(first, first + alerts)) for first in range(0, count, alerts)]
            measure = partial(gateway.measure, path=_PATH, bodies=bodies, seconds=bench.seconds / _ROUNDS)
            runs = [(measure(ours, port)[0], measure(theirs, their_port)[0]) for _ in range(_ROUNDS)]
            each = ([cpu_us / alerts for cpu_us in column] for column in zip(*runs, strict=True))
            found[alerts] = _beside(f"ingest, {alerts} a request", "us", *each)
    return found


def _delivered(bench: Bench, program: str, case: Case) -> float:
    """CPU for each alert, from its API to a receiver that takes everything; a request tells of a group."""
    is_single = case.a_request == 1
    # A group is told so long after its first alert began: by then all of it has come, and found its way.
    route = {"group_by": ["..."], "group_wait": "0s"} if is_single else {"group_by": ["batch"], "group_wait": "10s"}
    with (
        delivery.receiving() as told,
        _running(bench, program, processes.SERVER_CORE, told, **route) as (pid, port),
    ):
        began_s = processes.cpu_s(pid)
        for first in range(0, case.alerts, _A_POST):
            now = rfc3339(int(1000 * time.time()))
            _post(port, posted(range(first, first + _A_POST), now, batch=str(first)))
        processes.wait_for(
            lambda: receiver.seen(told).alerts >= case.alerts, f"{case.alerts} alerts arrive", _DEADLINE_S
        )
        took_s, seen = processes.cpu_s(pid) - began_s, receiver.seen(told)
    if seen.alerts != case.alerts:
        raise RuntimeError(f"{case.alerts} to be delivered, {seen.alerts} arrived")
    return 1e6 * took_s / case.alerts


def _post(port: int, body: bytes) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{_PATH}", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=_DEADLINE_S):
        pass


def _arrival(bench: Bench, program: str) -> Iterator[Figure]:
    """From the POST of an alert to its arrival at a webhook, a hundred a second."""
    target = path.Target()
    alone = {"group_by": ["..."], "group_wait": "0s"}
    with path.product(bench, "beside") as whole, _running(bench, program, None, target.port, **alone) as (_, port):
        ours = whole._replace(path=_PATH, body=posted)
        theirs = path.Product(port, "", target, _PATH, posted)
        runs = [
            [one.late_ms(_numbers(turn, bench), _A_SECOND) for one in (ours, theirs)] for turn in range(_ROUNDS + 1)
        ]
    for name, of in (("p50", median), ("p99", path.p99)):
        each = zip(
            *((of(ours_ms), of(theirs_ms)) for ours_ms, theirs_ms in runs[1:]), strict=True
        )  # the first warms up
        yield _beside(f"POST to arrival at {_A_SECOND} alerts/s, {name}", "ms", *each)


def _numbers(turn: int, bench: Bench) -> range:
    """The alerts of a turn, each its first time."""
    count = int(_A_SECOND * bench.seconds / _ROUNDS)
    return range(turn * count, (turn + 1) * count)


def _beside(what: str, unit: str, ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """The median over Alertmanager's."""
    found, limit = median(ours), median(theirs)
    return Figure(
        f"beside Alertmanager: {what}",
        found,
        unit,
        f"{_NAMED}: {shown(limit)} {unit}",
        found / limit,
        cpu_us=found if unit == "us" else None,
        rounds=tuple(ours),
        limit_value=limit,
        limit_rounds=tuple(theirs),
    )
