"""(c) The whole path: from the POST to the arrival at a local target, at a hundred alerts a second."""

from __future__ import annotations

import asyncio
import http.client
import statistics
import threading
import time
from typing import TYPE_CHECKING

import orjson

from benchmarks import processes
from benchmarks.bodies import webhook
from benchmarks.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settings import Bench

_RATE = 100
# Five seconds: connections, caches and the broker's just-in-time compiler come up meanwhile.
_WARM_UP = 500


class _Target:
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
                self.arrived.setdefault(body["labels"]["instance"], time.monotonic())
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def figures(bench: Bench) -> Iterator[Figure]:
    """p50 and p99 in milliseconds."""
    target = _Target()
    hook = {
        "name": "hook",
        "kind": "webhook",
        "url": f"http://127.0.0.1:{target.port}/",
        "allow_private": True,
    }
    kafka, port = bench.kafka("path", 32), processes.free_port()
    environment = bench.environment(port, kafka, targets=[hook])
    flow_ready = f"http://{environment['WINNOW_METRICS_LISTEN']}/readyz"
    with (
        processes.running(["-m", "http_gateway"], environment, None),
        processes.running(["-m", "bytewax.run", "flows.proxy"], environment, None),
    ):
        for url in (f"http://127.0.0.1:{port}/readyz", flow_ready):
            processes.wait_for(lambda url=url: processes.answers(url), f"{url} is ready")  # type: ignore[misc]
        count = _WARM_UP + int(_RATE * max(10.0, bench.seconds))
        sent = _send(port, count)
        processes.wait_for(lambda: len(target.arrived) >= count, f"{count} notifications arrive")
    late_ms = sorted((target.arrived[name] - moment) * 1000 for name, moment in list(sent.items())[_WARM_UP:])
    yield Figure("POST to arrival at 100 alerts/s, p50", statistics.median(late_ms), "ms", aim="10 ms")
    yield Figure("POST to arrival at 100 alerts/s, p99", late_ms[int(len(late_ms) * 0.99)], "ms", aim="50 ms")


def _send(port: int, count: int) -> dict[str, float]:
    """Send single alerts at a steady rate; when each was sent."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    sent: dict[str, float] = {}
    started = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, started + number / _RATE - time.monotonic()))
        body = webhook(range(number, number + 1))
        sent[f"api-{number}.example.com:9090"] = time.monotonic()
        connection.request("POST", "/webhook/proxy", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 202:
            raise RuntimeError(f"the gateway answered {answer.status}")
    return sent
