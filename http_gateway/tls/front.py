"""The gateway's main process and TLS: a private folder, the socket senders come to, and the relays that serve it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from alerts.errors import ConfigError
from http_gateway.tls.credentials import Files
from http_gateway.tls.keeper import Keeper
from http_gateway.tls.orders import Orders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.config import Gateway
    from alerts.config_tls import Tls

FOLDER = "WINNOW_TLS_FOLDER"
"""The variable by which workers find the private folder."""
INNER = "inner"
"""What workers' sockets are called there, with their number behind it."""

_BACKLOG = 1024
# sun_path(7) less what `names.name` makes, on the narrowest system (macOS: 104).
_FOLDER_MAX_CHARS = 104 - 68
# For senders that do not close their side once the workers have.
_END_S = 5.0


class Settings(NamedTuple):
    """What relays go by."""

    tls: Tls
    connections: int
    silent_s: float

    @classmethod
    def of(cls, gateway: Gateway) -> Settings | None:
        """Those of a configuration; None: it has no TLS."""
        if gateway.tls is None:
            return None
        return cls(gateway.tls, gateway.limits.connections, gateway.limits.header_timeout.total_seconds())


class Front:
    """Relays in front of Granian, a `door.Door`."""

    def __init__(self, settings: Settings, listen: tuple[str, int], config_folder: Path) -> None:
        """Take the address; nobody is answered before `open`.

        Args:
            settings: Of TLS and connections.
            listen: Where senders come to.
            config_folder: Where relative paths start.

        Raises:
            ConfigError: The address is taken, or there is no folder for sockets.
        """
        self._settings = settings
        self._config_folder = config_folder
        self._relays: list[Keeper] = []
        self._numbers = count()
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

    def open(self) -> None:
        """Start the relays, one for each worker: they find them by their sockets."""
        self._relays = [Keeper(next(self._numbers), self._start) for _ in workers(self.folder)]

    def renew(self, gateway: Gateway) -> None:
        """Let relays with these settings take the place of those there are, which answer what they hold.

        Raises:
            ConfigError: The settings cannot be used; all stays as it is.
        """
        settings = Settings.of(gateway)
        if settings is None:
            raise ConfigError("gateway.tls: to switch it off takes a restart")
        if settings == self._settings:
            return
        Files(settings.tls, self._config_folder).read()
        self._settings = settings
        before = self._relays
        self.open()
        for relay in before:
            relay.stop()

    def close(self) -> None:
        """Refuse new connections from now on; what is open is still answered."""
        # Also in the relays: it is one socket.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for relay in self._relays:
            relay.stop()

    def end(self) -> None:
        """Wait for the relays; the workers have ended."""
        self.close()
        until = time.monotonic() + _END_S
        for relay in self._relays:
            relay.end(max(0.0, until - time.monotonic()))
        self._listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        orders = Orders(
            **self._settings._asdict(),
            number=number,
            listener=self._listener.fileno(),
            folder=self.folder,
            config_folder=self._config_folder,
        )
        command = [sys.executable, "-m", "http_gateway.tls", orders.model_dump_json()]
        with self._spawning:
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
    is_ipv6 = ":" in listen[0]
    made = socket.create_server(
        listen,
        family=socket.AF_INET6 if is_ipv6 else socket.AF_INET,
        backlog=_BACKLOG,
        # At [::] IPv4 too, as without TLS.
        dualstack_ipv6=is_ipv6 and socket.has_dualstack_ipv6(),
    )
    # Connections inherit both. A sender whose machine is gone is noticed in minutes, not in two hours.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
    return made
