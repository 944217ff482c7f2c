"""Everything that runs: a broker of its own, gateway, flow, receivers and the feeder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import yaml

from connectors.guard import Guard
from tests.chaos.feeder import Feeder
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

    def __init__(self, settings: Settings, folder: Path, *, is_fed: bool = True) -> None:
        """Prepare; nothing runs before it is entered. Unless `is_fed`, somebody else sends alerts."""
        self._is_fed = is_fed
        self.settings = settings
        self.folder = folder
        self.state = folder / "state"
        self.broker = Broker(folder / "kafka")
        self.receivers = Receivers()
        self._log = (folder / "chaos.log").open("a")
        self._log_lock = threading.Lock()
        self.began = time.monotonic()
        self.begin_ms = time.time_ns() // 1_000_000
        self._guard = Guard()
        self.gateway_port, metrics_port = free_port(), free_port()
        self.environ = self._environ(self.gateway_port, metrics_port)
        self.metrics_url = f"http://127.0.0.1:{metrics_port}/metrics"
        leaky = bool(settings.drops)
        self.gateway = self._supervised(
            "gateway", ["-m", "tests.chaos.leaky_gateway" if leaky else "http_gateway"], self.gateway_port
        )
        options = ["-r", str(self.state), "-s", str(_SNAPSHOT_EVERY_S), "-b", "0"]
        module = "tests.chaos.leaky" if leaky else "flows.proxy"
        self.flow = self._supervised("flow", ["-m", "bytewax.run", module, *options], metrics_port)
        self.flow.prepare = self.ensure_state
        # Alerts began an hour ago, so that none of a run lies in the future or at the edge of a window.
        self.feeder = Feeder(settings, self.gateway_port, self.begin_ms - 3_600_000, self.log)
        self.feeder.was_paused_since = self.gateway.was_paused_since
        self._stack = ExitStack()

    def _environ(self, gateway_port: int, metrics_port: int) -> dict[str, str]:
        config = self.folder / "winnow.yaml"
        kafka = {"bootstrap": self.broker.bootstrap, "topic_prefix": PREFIX, "partitions": PARTITIONS}
        receiver = f"http://127.0.0.1:{self.receivers.port}"
        config.write_text(yaml.safe_dump({"kafka": kafka, **sections(self.settings, receiver)}))
        return {
            **os.environ,
            "WINNOW_CONFIG": str(config),
            "KAFKA_BOOTSTRAP": self.broker.bootstrap,
            "WINNOW_LISTEN": f"127.0.0.1:{gateway_port}",
            "WINNOW_METRICS_LISTEN": f"127.0.0.1:{metrics_port}",
            "WINNOW_CHAOS_DROPS": ",".join(self.settings.drops),
        }

    def _supervised(self, name: str, arguments: list[str], port: int) -> Supervised:
        command = Command(name, arguments, f"http://127.0.0.1:{port}/readyz")
        return Supervised(command, self.environ, self.folder, self._guard)

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
            for process in (self.gateway, self.flow):
                process.start()
                stack.callback(process.stop)
            for process in (self.gateway, self.flow):
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
