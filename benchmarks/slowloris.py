"""What half-open senders, and bodies of ten megabytes, cost everyone else.

`python -m benchmarks.slowloris`: a gateway on a broker in memory, healthy senders on lasting connections, and beside
them first nobody, then 500 senders that never finish (half their headers, or half their body), then one that sends
bodies of 10 MB, one after the other. Prints the healthy senders' latencies. The rounds take turns, and each figure is
the median of its rounds: this machine's speed drifts within seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import uvloop

from benchmarks import processes
from benchmarks.bodies import webhook
from benchmarks.http_load import post
from benchmarks.settings import Bench
from connectors.kafka.embedded import CLIENT_SETTINGS, EmbeddedBroker
from connectors.kafka.topics import partitions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

_PATH = "/v1/webhooks/alertmanager"
_HEALTHY = 8
_PAUSE_S = 0.02
"""Between an answer and the next request: senders, not a load test."""
_HALF_OPEN = 500
_LARGE_ALERTS = 15_000


async def _send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    """The answer's status, after all of it has come."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.split(b":")[1]))
    return int(head.split(b" ", 2)[1])


async def _healthy(port: int, until: float, took_ms: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = post(port, _PATH, webhook(range(1)))
    while time.monotonic() < until:
        started = time.monotonic()
        status = await _send(reader, writer, request)
        took_ms.append((time.monotonic() - started) * 1000)
        if status != 202:
            raise RuntimeError(f"a healthy sender was answered {status}")
        await asyncio.sleep(_PAUSE_S)
    writer.close()


async def _measured(port: int, seconds: float) -> tuple[float, float, float]:
    """Median, 99th percentile and maximum of the healthy senders' latencies in milliseconds."""
    took_ms: list[float] = []
    until = time.monotonic() + seconds
    await asyncio.gather(*(_healthy(port, until, took_ms) for _ in range(_HEALTHY)))
    return median(took_ms), quantiles(took_ms, n=100)[98], max(took_ms)


@asynccontextmanager
async def _nobody(_port: int) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def _half_open(port: int, begun: bytes) -> AsyncIterator[None]:
    """500 connections that have sent only this; one that is closed is opened again after a second."""

    async def hold() -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(begun)
                await reader.read()
                writer.close()
            except OSError:
                pass
            await asyncio.sleep(1.0)

    holders = [asyncio.create_task(hold()) for _ in range(_HALF_OPEN)]
    await asyncio.sleep(1.0)
    try:
        yield
    finally:
        for holder in holders:
            holder.cancel()
        await asyncio.gather(*holders, return_exceptions=True)


def _half_headers(port: int) -> AbstractAsyncContextManager[None]:
    return _half_open(port, f"POST {_PATH} HTTP/1.1\r\nhost: x\r\nx-slow: ".encode())


def _half_bodies(port: int) -> AbstractAsyncContextManager[None]:
    return _half_open(port, f"POST {_PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{{".encode())


@asynccontextmanager
async def _large_bodies(port: int) -> AsyncIterator[None]:
    """A sender of 10 MB bodies, one after the other."""
    request = post(port, _PATH, webhook(range(_LARGE_ALERTS)))

    async def go_on() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            await _send(reader, writer, request)

    sender = asyncio.create_task(go_on())
    await asyncio.sleep(0.5)
    try:
        yield
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)


async def _rounds(port: int, seconds: float, rounds: int) -> None:
    besides: dict[str, Callable[[int], AbstractAsyncContextManager[None]]] = {
        "nobody": _nobody,
        f"{_HALF_OPEN} half headers": _half_headers,
        f"{_HALF_OPEN} half bodies": _half_bodies,
        "10 MB bodies": _large_bodies,
    }
    figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in besides}
    await _measured(port, 1.0)
    for _ in range(rounds):
        for name, beside in besides.items():
            async with beside(port):
                figures[name].append(await _measured(port, seconds))
            await asyncio.sleep(0.5)
    alone = median(p99 for _, p99, _ in figures["nobody"])
    print(f"{'beside':20} {'median':>10} {'p99':>10} {'max':>10}  p99 over alone")
    for name, rows in figures.items():
        middle, p99, most = (median(column) for column in zip(*rows, strict=True))
        print(f"{name:20} {middle:7.2f} ms {p99:7.2f} ms {most:7.1f} ms  {p99 / alone:.2f}")


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slowloris", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        wanted = Bench("127.0.0.1:9", Path(folder)).kafka("slowloris").model_copy(update={"client": CLIENT_SETTINGS})
        with EmbeddedBroker(partitions(wanted)) as broker:
            bench, port = Bench(broker.bootstrap, Path(folder)), processes.free_port()
            kafka = wanted.model_copy(update={"bootstrap": broker.bootstrap})
            with processes.running(["-m", "http_gateway"], bench.environment(port, kafka), processes.SERVER_CORE):
                processes.wait_for(lambda: processes.answers(f"http://127.0.0.1:{port}/readyz"), "it is ready")
                uvloop.run(_rounds(port, given.seconds, given.rounds))


if __name__ == "__main__":
    main()
