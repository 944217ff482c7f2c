"""Listening addresses, written `HOST:PORT` or `[IPV6]:PORT`."""

from __future__ import annotations

import errno
import os
import socket
import sys

from alerts.errors import ConfigError

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 compared with, not bound


def split(listen: str) -> tuple[str, int]:
    """Host and port.

    Raises:
        ConfigError: It is not written so.
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"expected HOST:PORT such as 127.0.0.1:9900, got {listen!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def family(host: str) -> socket.AddressFamily:
    """IPv6 if `host` is an IPv6 address, IPv4 for all else."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def url(listen: str, path: str = "") -> str:
    """Where somebody on the same machine reaches what listens there."""
    host, port = split(listen)
    host = _ANYWHERE.get(host, host)
    return f"http://[{host}]:{port}{path}" if ":" in host else f"http://{host}:{port}{path}"


def ensure_free(listen: str, setting: str) -> None:
    """Check that nothing listens there.

    Args:
        listen: The address.
        setting: What to change if something does, for the message.

    Raises:
        ConfigError: Something does, or the address cannot be bound; the text names the port and the setting.
    """
    host, port = split(listen)
    with socket.socket(family(host), socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":  # there it would mean sharing the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                why = f"port {port} on {host} is taken by another process (is Winnow running already?)"
            else:
                why = f"cannot listen on {listen}: {os.strerror(error.errno or 0)}"
            raise ConfigError(f"{why}; to use another address: {setting}") from error
