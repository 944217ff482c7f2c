"""The gateway's main process and TLS: a private folder, the socket senders come to, and the relays that serve it."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from alerts.errors import ConfigError
from http_gateway.tls.orders import Orders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.config_tls import Tls

log = structlog.get_logger()

FOLDER = "WINNOW_TLS_FOLDER"
"""The variable by which workers find the private folder."""
INNER = "inner"
"""What workers' sockets are called there, with their number behind it."""

_BACKLOG = 1024
# Each connection takes two in a relay and one in a worker; the usual 1024 are a default for programs that use select.
_FILES_MAX = 1_048_576
# sun_path(7) less what `names.name` makes, on the narrowest system (macOS: 104).
_FOLDER_MAX_CHARS = 104 - 68
_RESTART_AFTER_S, _RESTART_AFTER_MAX_S = 0.1, 5.0
_HEALTHY_S = 10.0
# Beside the time workers have: for senders that do not close their side.
_LINGER_S = 5.0


class Front:
    """Relays in front of Granian, a `door.Door`."""

    def __init__(self, tls: Tls, listen: tuple[str, int], config_folder: Path, workers_end_within_s: float) -> None:
        """Take the address; nobody is answered before `open`.

        Raises:
            ConfigError: It is taken, or there is no folder for sockets.
        """
        self._tls = tls
        self._config_folder = config_folder
        self._drain_s = workers_end_within_s + _LINGER_S
        self._stopping = threading.Event()
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._keepers: list[threading.Thread] = []
        self.folder = _private_folder()
        try:
            self._listener = _listener(listen)
        except OSError as error:
            shutil.rmtree(self.folder)
            raise ConfigError(f"cannot listen on {listen[0]}:{listen[1]}: {error.strerror}") from error
        self.inner: Path | None = self.folder / INNER
        self.sockets: Sequence[int] = [self._listener.fileno()]
        os.environ[FOLDER] = str(self.folder)
        self._spawning = threading.Lock()
        # A worker forked while a relay is started would keep the pipe by which that start reports, and hold it up.
        os.register_at_fork(
            before=self._spawning.acquire,
            after_in_parent=self._spawning.release,
            after_in_child=self._spawning.release,
        )
        _raise_file_limit()

    def open(self) -> None:
        """Start the relays, one for each worker: they find them by their sockets."""
        for number, _ in enumerate(workers(self.folder)):
            keeper = threading.Thread(target=self._keep, args=(number,), name=f"relay-{number}", daemon=True)
            keeper.start()
            self._keepers.append(keeper)

    def close(self) -> None:
        """Refuse new connections from now on; what is open is still answered."""
        self._stopping.set()
        # Also in the relays: it is one socket.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for process in list(self._processes.values()):
            process.terminate()

    def end(self) -> None:
        """Wait for the relays; the workers have ended."""
        self.close()
        until = time.monotonic() + _LINGER_S
        for process in list(self._processes.values()):
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
        for keeper in self._keepers:
            keeper.join()
        self._listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _keep(self, number: int) -> None:
        """Run a relay, and another when it ends before its time."""
        pause_s = _RESTART_AFTER_S
        while not self._stopping.is_set():
            began = time.monotonic()
            with self._spawning:
                process = self._processes[number] = self._process(number)
            if self._stopping.is_set():
                process.terminate()
            status = process.wait()
            if self._stopping.is_set():
                return
            log.error("relay_ended", number=number, status=status)
            pause_s = _RESTART_AFTER_S if time.monotonic() - began > _HEALTHY_S else pause_s * 2
            self._stopping.wait(min(pause_s, _RESTART_AFTER_MAX_S))

    def _process(self, number: int) -> subprocess.Popen[bytes]:
        orders = Orders(
            tls=self._tls,
            number=number,
            listener=self._listener.fileno(),
            folder=self.folder,
            config_folder=self._config_folder,
            drain_s=self._drain_s,
        )
        command = [sys.executable, "-m", "http_gateway.tls", orders.model_dump_json()]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[orders.listener])  # noqa: S603 our own


def workers(folder: Path) -> list[Path]:
    """The sockets of all workers."""
    return sorted(folder.glob(f"{INNER}*"))


def _private_folder() -> Path:
    try:
        folder = tempfile.mkdtemp(prefix="winnow-")  # for this user alone
    except OSError as error:
        todo = "mount one at /tmp, or name one by TMPDIR"
        raise ConfigError(f"gateway.tls needs a folder for sockets: {error.strerror}; {todo}") from error
    if len(folder) > _FOLDER_MAX_CHARS:
        Path(folder).rmdir()
        raise ConfigError(f"gateway.tls: a socket's path would be too long in {folder}; name a shorter one by TMPDIR")
    return Path(folder)


def _listener(listen: tuple[str, int]) -> socket.socket:
    made = socket.create_server(
        listen, family=socket.AF_INET6 if ":" in listen[0] else socket.AF_INET, backlog=_BACKLOG
    )
    # Connections inherit both. A sender whose machine is gone is noticed in minutes, not in two hours.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
    return made


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, _FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
