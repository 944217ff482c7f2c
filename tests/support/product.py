"""The product as its users run it: gateway and flow as two processes, and a receiver that notes what arrives."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import yaml

from connectors.configuration import load
from connectors.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alerts.config import Config
    from connectors.arrival import Arrival


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(is_true: Callable[[], bool], what: str, at_most_s: float = 60.0) -> None:
    """Wait until it is; fail the test if it never is."""
    deadline = time.monotonic() + at_most_s
    while not is_true():
        assert time.monotonic() < deadline, f"not within {at_most_s:g} s: {what}"
        time.sleep(0.02)


class Product:
    """Starts and ends the processes; every one by its own id."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path, **sections: object) -> None:
        """Write the configuration; `sections` replace those of winnow.yaml's keys."""
        self.arrived: list[Arrival] = []
        self.inbox = Inbox("127.0.0.1:0", lambda arrival, _: self.arrived.append(arrival))
        self.url = f"http://127.0.0.1:{free_port()}"
        self._metrics = f"127.0.0.1:{free_port()}"
        self.flow_url = f"http://{self._metrics}"
        self.folder = folder
        config = folder / "winnow.yaml"
        hook = {
            "name": "team-hook",
            "kind": "webhook",
            "url": f"{self.inbox.url}/hook",
            "allow_private": True,
        }
        kafka = {"bootstrap": bootstrap, "topic_prefix": prefix, "partitions": 8}
        config.write_text(yaml.safe_dump({"kafka": kafka, "targets": [hook], **sections}))
        self.environ = {
            **os.environ,
            "WINNOW_CONFIG": str(config),
            "KAFKA_BOOTSTRAP": bootstrap,
            "WINNOW_LISTEN": self.url.removeprefix("http://"),
            "WINNOW_METRICS_LISTEN": self._metrics,
        }
        self._stack = ExitStack()

    def close(self) -> None:
        """End everything."""
        self._stack.close()
        self.inbox.close()

    def config(self) -> Config:
        """The configuration the processes run with."""
        return load(environ=self.environ)

    def gateway(self) -> subprocess.Popen[bytes]:
        """Start the gateway and wait until it is ready."""
        return self._started("gateway", ["-m", "http_gateway"], f"{self.url}/readyz")

    def flow(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the flow and wait until it reads."""
        return self.flow_of("flows.proxy", *arguments)

    def flow_of(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the flow that this module builds and wait until it reads."""
        command = ["-m", "bytewax.run", module, *arguments]
        return self._started("flow", command, f"{self.flow_url}/readyz")

    def cluster(self, count: int, *arguments: str) -> list[subprocess.Popen[bytes]]:
        """Start a flow of so many processes, logged as `flow0` and so on, and wait until each of them reads."""
        addresses = ";".join(f"127.0.0.1:{free_port()}" for _ in range(count))
        urls = [f"127.0.0.1:{free_port()}" for _ in range(count)]
        command = ["-m", "bytewax.run", "flows.proxy", *arguments, "-a", addresses, "-i"]
        processes = [
            self._spawned(f"flow{number}", [*command, str(number)], WINNOW_METRICS_LISTEN=url)
            for number, url in enumerate(urls)
        ]
        for number, url in enumerate(urls):
            self._await(f"flow{number}", processes[number], f"http://{url}/readyz")
        return processes

    def flow_is_ready(self) -> bool:
        """Whether the flow says that it reads."""
        return _answers(f"http://{self._metrics}/readyz")

    def log(self, name: str) -> str:
        """What a process has written so far."""
        return (self.folder / f"{name}.log").read_text()

    def post(self, body: bytes, path: str = "/webhook/proxy") -> httpx.Response:
        """Send a webhook."""
        return httpx.post(self.url + path, content=body, headers={"content-type": "application/json"}, timeout=30)

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        command = [sys.executable, "-m", "winnow", *arguments]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, timeout=60, check=False)

    def _started(self, name: str, arguments: list[str], ready: str) -> subprocess.Popen[bytes]:
        process = self._spawned(name, arguments)
        self._await(name, process, ready)
        return process

    def _spawned(self, name: str, arguments: list[str], **environ: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, *arguments]
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, env={**self.environ, **environ}, stdout=log, stderr=log, start_new_session=True
            )
        self._stack.callback(end, process)
        return process

    def _await(self, name: str, process: subprocess.Popen[bytes], ready: str) -> None:
        def is_ready() -> bool:
            assert process.poll() is None, f"{name} ended: {self.log(name)[-2000:]}"
            return _answers(ready)

        wait_for(is_ready, f"{name} ready")


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, then kill what is left of it and its children, all in its own session."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)


@contextmanager
def product(bootstrap: str, prefix: str, **sections: object) -> Iterator[Product]:
    """A product with gateway and flow running."""
    with tempfile.TemporaryDirectory() as folder:
        made = Product(bootstrap, prefix, Path(folder), **sections)
        try:
            made.gateway()
            made.flow()
            yield made
        finally:
            made.close()
