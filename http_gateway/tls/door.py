"""What senders come in by: Granian's own sockets, or TLS in front of them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from alerts.errors import ConfigError
from connectors.configuration import locate
from http_gateway.tls.credentials import Files
from http_gateway.tls.front import FOLDER, Front, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from alerts.config import Config, Gateway


class Door(Protocol):
    """What the main process does about it."""

    inner: Path | None
    """Where Granian is to listen; None: at `gateway.listen`. Each worker's socket has its number behind that."""
    sockets: Sequence[int]
    """File descriptors that workers must not keep."""

    def open(self) -> None:
        """Granian's sockets are there: let senders in."""

    def renew(self, gateway: Gateway) -> None:
        """Take other settings; raises ConfigError if they cannot be used without a restart."""

    def close(self) -> None:
        """The workers are about to end: let nobody in any more."""


class Plain:
    """Granian's own sockets: there is nothing to do."""

    inner: Path | None = None
    sockets: Sequence[int] = ()

    def open(self) -> None:
        """Workers accept by themselves."""

    def renew(self, gateway: Gateway) -> None:
        """It has no settings."""
        if gateway.tls is not None:
            raise ConfigError("gateway.tls: to switch it on takes a restart")

    def close(self) -> None:
        """Workers stop to accept by themselves."""


@contextmanager
def door(config: Config, listen: tuple[str, int]) -> Iterator[Door]:
    """The door as the configuration wants it at the address `listen`, for as long as the gateway serves."""
    os.environ.pop(FOLDER, None)
    settings = Settings.of(config.gateway)
    if settings is None:
        yield Plain()
        return
    front = Front(settings, listen, config_folder())
    try:
        yield front
    finally:
        front.end()


def doubts(config: Config, folder: Path | None = None) -> tuple[str, ...]:
    """What is doubtful about the files of `gateway.tls`, which are read for it.

    Args:
        config: Which; without TLS there are none.
        folder: Where relative paths start; None: the folder of the configuration this process runs with.

    Raises:
        ConfigError: They cannot be used; every fault, one a line.
    """
    if config.gateway.tls is None:
        return ()
    return Files(config.gateway.tls, folder or config_folder()).read().warnings


def config_folder() -> Path:
    """The folder of the configuration this process runs with."""
    return locate(None, os.environ).resolve().parent
