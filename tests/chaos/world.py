"""Everything that runs: a broker of its own, gateway, flow, receivers and the feeder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import yaml

from connectors.guard import Guard
from tests.chaos.feeder import Feeder
from tests.chaos.hosts import ALONE, LOOPBACK, Host, Hosts
from tests.chaos.process import Command, Supervised
from tests.chaos.receivers import Receivers
from tests.chaos.settings import PARTITIONS, Settings, sections
from tests.support.kafka.broker import Broker
from tests.support.product import free_port, wait_for

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

PREFIX = "chaos"
_SNAPSHOT_EVERY_S = 1
_READY_TIMEOUT_S = 60.0


class World:
    """A context manager: all of it runs inside, nothing is left behind."""

    def __init__(self, settings: Settings, folder: Path, *, is_fed: bool = True, hosts: Hosts = ALONE) -> None:
        """Prepare; nothing runs before it is entered. Unless `is_fed`, somebody else sends alerts.

        The flow runs on these hosts: on the first, or as a cluster of `settings.processes`.
        """
        self._is_fed = is_fed
        self.hosts = hosts
        self.settings = settings
        self.folder = folder
        self.state = folder / "state"
        self.broker = Broker(folder / "kafka", hosts.here)
        self.receivers = Receivers(hosts.here)
        self._log = (folder / "chaos.log").open("a")
        self._log_lock = threading.Lock()
        self.began = time.monotonic()
        self.begin_ms = time.time_ns() // 1_000_000
        self._guard = Guard()
        self.gateway_port = free_port()
        self.environ = self._environ()
        module = "tests.chaos.leaky_gateway" if settings.drops else "http_gateway"
        ready = f"http://{LOOPBACK}:{self.gateway_port}/readyz"
        self.gateway = Supervised(Command("gateway", ["-m", module], ready), self.environ, folder, self._guard)
        self.flows = self._flows(settings.processes)
        """The processes of the flow."""
        self.former: list[Supervised] = []
        """Those before a rescale."""
        # Alerts began an hour ago, so that none of a run lies in the future or at the edge of a window.
        self.feeder = Feeder(settings, self.gateway_port, self.begin_ms - 3_600_000, self.log)
        self.feeder.was_paused_since = self.gateway.was_paused_since
        self._stack = ExitStack()

    @property
    def flow(self) -> Supervised:
        """The flow, or the first process of it."""
        return self.flows[0]

    def _environ(self) -> dict[str, str]:
        config = self.folder / "winnow.yaml"
        kafka = {"bootstrap": self.broker.bootstrap, "topic_prefix": PREFIX, "partitions": PARTITIONS}
        config.write_text(yaml.safe_dump({"kafka": kafka, **sections(self.settings, self.receivers.url)}))
        return {
            **os.environ,
            "WINNOW_CONFIG": str(config),
            "KAFKA_BOOTSTRAP": self.broker.bootstrap,
            "WINNOW_LISTEN": f"{LOOPBACK}:{self.gateway_port}",
            "WINNOW_CHAOS_DROPS": ",".join(self.settings.drops),
        }

    def _flows(self, count: int) -> list[Supervised]:
        """So many processes of one flow, not started yet."""
        hosts = self.hosts.others[:count]
        addresses = ";".join(f"{host.address}:{free_port()}" for host in hosts)
        made = []
        for number, host in enumerate(hosts):
            cluster = [] if count == 1 else ["-i", str(number), "-a", addresses]
            made.append(self._flow(f"flow{number}of{count}" if cluster else "flow", host, cluster))
        # They are started in this order.
        made[0].prepare = self.ensure_state
        return made

    def _flow(self, name: str, host: Host, cluster: list[str]) -> Supervised:
        options = ["-r", str(self.state), "-s", str(_SNAPSHOT_EVERY_S), "-b", "0", *cluster]
        module = "tests.chaos.leaky" if self.settings.drops else "flows.proxy"
        metrics = f"{host.address}:{free_port()}"
        command = Command(name, ["-m", "bytewax.run", module, *options], f"http://{metrics}/readyz", host.enter)
        return Supervised(command, {**self.environ, "WINNOW_METRICS_LISTEN": metrics}, self.folder, self._guard)

    def rescale(self, count: int) -> dict[str, int | None]:
        """Stop all processes of the flow, as `stop_flows`, then start so many."""
        codes = self.stop_flows()
        self.former += self.flows
        self.flows = self._flows(count)
        for flow in self.flows:
            flow.start()
        return codes

    def stop_flows(self) -> dict[str, int | None]:
        """SIGTERM to all at once, for each that ends takes the others; exit statuses by name, as `Supervised.stop`."""
        with ThreadPoolExecutor(len(self.flows)) as pool:
            codes = list(pool.map(Supervised.stop, self.flows))
        return {flow.command.name: code for flow, code in zip(self.flows, codes, strict=True)}

    def ensure_state(self) -> None:
        """Make the recovery directory if it is not there, as deploy/flow-entrypoint.sh does."""
        if not list(self.state.glob("part-*.sqlite3")):
            shutil.rmtree(self.state, ignore_errors=True)
            self.state.mkdir()
            made = [sys.executable, "-m", "bytewax.recovery", str(self.state), "1"]
            subprocess.run(made, check=True, capture_output=True)

    def log(self, event: str, **facts: object) -> None:
        """A line in the run's log."""
        told = " ".join(f"{name}={value}" for name, value in facts.items())
        with self._log_lock:
            self._log.write(f"{time.monotonic() - self.began:8.2f} {event} {told}".rstrip() + "\n")
            self._log.flush()

    def elapsed_s(self) -> float:
        """Since it was made."""
        return time.monotonic() - self.began

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Winnow's command line."""
        command = [sys.executable, "-m", "winnow", *arguments]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, timeout=600, check=False)

    def __enter__(self) -> Self:
        stack = self._stack
        stack.callback(self._log.close)
        stack.callback(self._guard.close)
        stack.callback(self.receivers.close)
        with stack:
            stack.enter_context(self.broker)
            stack.callback(self.stop_flows)
            stack.callback(self.gateway.stop)
            for process in (self.gateway, *self.flows):
                process.start()
            for process in (self.gateway, *self.flows):
                wait_for(process.is_ready, f"{process.command.name} is ready", _READY_TIMEOUT_S)
            if self._is_fed:
                self.feeder.start()
                stack.callback(self.feeder.stop)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
