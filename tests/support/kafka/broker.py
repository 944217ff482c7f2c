"""A real Kafka broker of this machine's own, which tests may stop, pause and kill."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from connectors.guard import Guard
from tests.support.kafka.errors import BrokerError
from tests.support.kafka.java import Java
from tests.support.kafka.ready import Probe
from tests.support.kafka.settings import cluster_id, properties

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

# Measured: 2 s, after kill -9 up to 6 s, on a busy machine several times that.
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 30.0
_LOG_TAIL_CHARS = 3000


class Broker:
    """One broker whose data lie in one folder; a context manager.

    It ends with the process that started it, however that one ends. After `stop` or `kill`, `start` brings it
    back with its data and at its address.
    """

    bootstrap: str
    """`HOST:PORT`; the port is picked by the kernel and stays the same."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        """Prepare; nothing runs before `start`.

        Args:
            folder: Empty, missing, or that of an earlier broker, whose data it will have.
            host: The address of this machine where it listens.

        Raises:
            UnavailableError: No Java, no Maven, or Maven could not get the jars.
        """
        self._java = Java()
        self._folder = folder.absolute()
        self._data = self._folder / "data"
        self._settings = self._folder / "server.properties"
        self._log = self._folder / "broker.log"
        self._host = host
        self._port, self._controller_port = _free_ports(host)
        self.bootstrap = f"{host}:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: Guard | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running().pid

    def start(self) -> None:
        """Start it and wait until it serves.

        Raises:
            BrokerError: It ended, or did not serve in time; the text has the end of its log.
        """
        assert self._process is None, "it has been started already"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._settings.write_text(properties(self._host, self._port, self._controller_port, self._data))
        if not (self._data / "meta.properties").exists():
            self._format()
        self._guard = Guard()
        try:
            self._process = self._spawn()
            self._guard.watch(self._process.pid)
            self._await_ready(self._process)
        except BaseException:
            self._end()
            raise

    def stop(self) -> None:
        """End it in order (SIGTERM); nothing if it does not run.

        Raises:
            BrokerError: It did not end in time and was killed.
        """
        process = self._process
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
            self._java.keep_archive()
        except subprocess.TimeoutExpired as error:
            raise BrokerError(f"still there {_STOP_TIMEOUT_S:g} s after SIGTERM{self._last_words()}") from error
        finally:
            self._end()

    def kill(self) -> None:
        """End it at once (kill -9)."""
        self._running()
        self._end()

    def pause(self) -> None:
        """Stop it where it is (SIGSTOP): its connections stay open and nothing answers."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on (SIGCONT)."""
        self._running().send_signal(signal.SIGCONT)

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it has not been started"
        return self._process

    def _format(self) -> None:
        done = subprocess.run(
            self._java.format(self._settings, cluster_id()),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BrokerError(f"{self._data} could not be formatted:\n{done.stdout}{done.stderr}")

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            # A process group of its own: Ctrl-C reaches the tests, which then stop it in order.
            return subprocess.Popen(
                self._java.serve(self._settings),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        probe = Probe(self.bootstrap)
        until = time.monotonic() + _START_TIMEOUT_S
        while not probe.is_ready():
            if process.poll() is not None:
                raise BrokerError(f"ended with status {process.returncode}{self._last_words()}")
            if time.monotonic() > until:
                raise BrokerError(f"does not serve after {_START_TIMEOUT_S:g} s{self._last_words()}")

    def _last_words(self) -> str:
        return f"; the end of its log:\n{self._log.read_text(errors='replace')[-_LOG_TAIL_CHARS:]}"

    def _end(self) -> None:
        """Leave no process behind."""
        process, guard = self._process, self._guard
        self._process = self._guard = None
        if process is not None:
            process.kill()
            process.wait()
            if guard is not None:
                guard.forget(process.pid)
        if guard is not None:
            guard.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _free_ports(host: str) -> tuple[int, int]:
    """Two ports that nobody listens on.

    Linux gives listeners odd ports and outgoing connections even ones, so none of those takes it meanwhile.
    """
    with ExitStack() as stack:
        first, second = (stack.enter_context(socket.create_server((host, 0))) for _ in range(2))
        return first.getsockname()[1], second.getsockname()[1]
