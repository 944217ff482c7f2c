"""The product as its users run it: gateway, flow, and three targets that take everything."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import http_load
from benchmarks.bodies import webhook
from benchmarks.load.receiver import TARGETS, Arrivals, Receiver
from benchmarks.processes import free_port, wait_for
from connectors.child import Command, Exited
from connectors.configuration import load
from connectors.processes import Processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Config
    from benchmarks.settings import Bench

_GATEWAY, _FLOW = "gateway", "flow"
_PARTITIONS = 32
_READY_TIMEOUT = timedelta(seconds=60)
_GRACE = timedelta(seconds=25)
# Connections, caches and the broker's just-in-time compiler come up meanwhile.
_WARM_UP_S = 3.0
_WARM_UP_ALERTS = 500
_WARM_UP_CONNECTIONS = 4


class EndedError(Exception):
    """A part of the product ended by itself; the text has its last lines."""


class Product(NamedTuple):
    """What runs."""

    port: int
    """The gateway's."""
    config: Config
    processes: Processes

    def pids(self) -> dict[str, int]:
        """The process ids, by name."""
        return {name: self.processes.pid(name) for name in (_GATEWAY, _FLOW)}

    def warm_up(self, arrivals: Arrivals) -> None:
        """Send for some seconds, and wait until all of it has arrived."""
        requests = [
            http_load.post(self.port, "/webhook/proxy", webhook(range(number, number + 1)))
            for number in range(_WARM_UP_ALERTS)
        ]
        run = http_load.load(self.port, requests, _WARM_UP_CONNECTIONS, _WARM_UP_S)
        told = min(run.requests // _WARM_UP_CONNECTIONS, _WARM_UP_ALERTS) * len(TARGETS)
        wait_for(lambda: arrivals.total >= told, f"{told} notifications arrive to warm up")

    def check(self) -> None:
        """Look whether all of it still runs.

        Raises:
            EndedError: A part has ended.
            TimeoutError: A part does not answer.
        """
        event = self.processes.wait_ready(_READY_TIMEOUT)
        if isinstance(event, Exited):
            raise EndedError("\n  ".join([f"{event.name} ended by itself with {event}", *event.last_lines]))


@contextmanager
def product(bench: Bench, arrivals: Arrivals) -> Iterator[Product]:
    """All of it, on topics of its own; it has ended afterwards."""
    with ExitStack() as stack:
        receiver = Receiver(arrivals.note)
        stack.callback(receiver.close)
        url = f"http://127.0.0.1:{receiver.port}"
        targets = [{"name": name, "kind": "webhook", "url": f"{url}/{name}", "allow_private": True} for name in TARGETS]
        port, routes = free_port(), [{"to": [*TARGETS]}]
        settings = bench.environment(port, bench.kafka("load", _PARTITIONS), targets=targets, routes=routes)
        environment = {**os.environ, **settings}
        state = bench.folder / "state"
        state.mkdir()
        subprocess.run([sys.executable, "-m", "bytewax.recovery", str(state), "1"], check=True)
        metrics = settings["WINNOW_METRICS_LISTEN"]
        flow = ["-m", "bytewax.run", "flows.proxy", "-r", str(state), "-s", "1", "-b", "0"]
        running = Processes(lambda *_: None)
        stack.callback(running.stop, _GRACE)
        running.start(
            [
                Command(_GATEWAY, [sys.executable, "-m", "http_gateway"], f"http://127.0.0.1:{port}/readyz"),
                Command(_FLOW, [sys.executable, *flow], f"http://{metrics}/readyz"),
            ],
            environment,
        )
        found = Product(port, load(environ=environment), running)
        found.check()
        yield found
