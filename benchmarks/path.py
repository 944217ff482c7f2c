"""(c) The whole path: from the POST to the arrival at a local target, at a hundred alerts a second."""

from __future__ import annotations

import asyncio
import http.client
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import orjson

from benchmarks import processes
from benchmarks.bodies import labels, webhook
from benchmarks.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from benchmarks.settings import Bench

_RATE = 100
# Five seconds: connections, caches and the broker's just-in-time compiler come up meanwhile.
_WARM_UP = 500
_ROUNDS = 5


class Target:
    """A webhook target that notes when each alert arrived."""

    def __init__(self) -> None:
        self.port = processes.free_port()
        self.arrived: dict[str, float] = {}
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self.port))
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                body = orjson.loads(await reader.readexactly(int(length.split(b":")[1])))
                for told in body.get("alerts", (body,)):
                    self.arrived.setdefault(told["labels"]["instance"], time.monotonic())
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def figures(bench: Bench) -> Iterator[Figure]:
    """p50 and p99 in milliseconds."""
    with product(bench, "path") as whole:
        late_ms = whole.late_ms(range(_WARM_UP + int(_RATE * max(10.0, bench.seconds))), _RATE)[_WARM_UP:]
    pieces = _pieces(late_ms)
    of: Callable[[Sequence[float]], float]
    for name, of, aim in (("p50", statistics.median, "<= 10 ms"), ("p99", p99, "<= 50 ms")):
        rounds = tuple(of(piece) for piece in pieces)
        yield Figure(f"POST to arrival at 100 alerts/s, {name}", of(late_ms), "ms", aim=aim, rounds=rounds)


def _pieces(late_ms: list[float]) -> list[list[float]]:
    """The run in pieces, one after another, so that it has a spread."""
    size = len(late_ms) // _ROUNDS
    return [late_ms[start * size : (start + 1) * size] for start in range(_ROUNDS)]


def p99(values: Sequence[float]) -> float:
    """The 99th percentile."""
    ordered = sorted(values)
    return ordered[int(len(ordered) * 0.99)]


class Product(NamedTuple):
    """What takes alerts, and the target it tells of them."""

    port: int
    metrics: str
    """Where the flow's metrics are."""
    target: Target
    path: str = "/webhook/proxy"
    body: Callable[[range], bytes] = webhook
    """Of alerts, as `path` takes them."""

    def late_ms(self, numbers: Iterable[int], rate: float) -> list[float]:
        """Send single alerts at a steady rate; milliseconds from each POST to its arrival, in the order sent."""
        sent = self._send(numbers, rate)
        arrived = self.target.arrived
        processes.wait_for(lambda: arrived.keys() >= sent.keys(), f"{len(sent)} notifications arrive")
        return [(arrived[name] - moment) * 1000 for name, moment in sent.items()]

    def _send(self, numbers: Iterable[int], rate: float) -> dict[str, float]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        sent: dict[str, float] = {}
        started = time.monotonic()
        for place, number in enumerate(numbers):
            time.sleep(max(0.0, started + place / rate - time.monotonic()))
            body = self.body(range(number, number + 1))
            sent[labels(number)["instance"]] = time.monotonic()
            connection.request("POST", self.path, body, {"content-type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status not in {200, 202}:
                raise RuntimeError(f"{self.path} answered {answer.status}")
        connection.close()
        return sent


@contextmanager
def product(bench: Bench, prefix: str, *others: object, **sections: object) -> Iterator[Product]:
    """All of it, on topics of its own, with these `others` and sections of winnow.yaml beside the target.

    The flow takes a snapshot each second, as it should where it matters.
    """
    target = Target()
    hook = {"name": "hook", "kind": "webhook", "url": f"http://127.0.0.1:{target.port}/", "allow_private": True}
    kafka, port = bench.kafka(prefix, 32), processes.free_port()
    environment = bench.environment(port, kafka, targets=[hook, *others], **sections)
    metrics = f"http://{environment['WINNOW_METRICS_LISTEN']}"
    state = bench.folder / f"{kafka.topic_prefix}-state"
    state.mkdir()
    subprocess.run([sys.executable, "-m", "bytewax.recovery", str(state), "1"], check=True)
    flow = ["-m", "bytewax.run", "flows.proxy", "-r", str(state), "-s", "1", "-b", "0"]
    with (
        processes.running(["-m", "http_gateway"], environment, None),
        processes.running(flow, environment, None),
    ):
        for url in (f"http://127.0.0.1:{port}/readyz", f"{metrics}/readyz"):
            processes.wait_for(lambda url=url: processes.answers(url), f"{url} is ready")  # type: ignore[misc]
        yield Product(port, f"{metrics}/metrics", target)
