"""What senders come in by: Granian's own sockets, or TLS in front of them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import structlog

from connectors.configuration import locate
from http_gateway.tls.credentials import Files
from http_gateway.tls.front import FOLDER, Front

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from alerts.config import Config

log = structlog.get_logger()


class Door(Protocol):
    """What the main process does about it."""

    inner: Path | None
    """Where Granian is to listen; None: at `gateway.listen`. Each worker's socket has its number behind that."""
    sockets: Sequence[int]
    """File descriptors that workers must not keep."""

    def open(self) -> None:
        """Granian's sockets are there: let senders in."""

    def close(self) -> None:
        """The workers are about to end: let nobody in any more."""


class Plain:
    """Granian's own sockets: there is nothing to do."""

    inner: Path | None = None
    sockets: Sequence[int] = ()

    def open(self) -> None:
        """Workers accept by themselves."""

    def close(self) -> None:
        """Workers stop to accept by themselves."""


@contextmanager
def door(config: Config, listen: tuple[str, int], workers_end_within_s: float) -> Iterator[Door]:
    """The door as the configuration wants it, for as long as the gateway serves.

    Args:
        config: Whether it is TLS.
        listen: Where senders come to.
        workers_end_within_s: How long workers may take to answer what they hold.

    """
    os.environ.pop(FOLDER, None)
    if config.gateway.tls is None:
        yield Plain()
        return
    front = Front(config.gateway.tls, listen, config_folder(), workers_end_within_s)
    try:
        yield front
    finally:
        front.end()


def ensure_usable(config: Config, folder: Path | None = None) -> None:
    """Read the files of `gateway.tls` once, and log what is doubtful about them.

    Args:
        config: Which; without TLS there are none.
        folder: Where relative paths start; None: the folder of the configuration this process runs with.

    Raises:
        ConfigError: They cannot be used; every fault, one a line.
    """
    if config.gateway.tls is not None:
        credentials = Files(config.gateway.tls, folder or config_folder()).read()
        for warning in credentials.warnings:
            log.warning("certificate_doubtful", reason=warning)


def config_folder() -> Path:
    """The folder of the configuration this process runs with."""
    return locate(None, os.environ).resolve().parent
