"""A small HTTP server with a thread for each connection: for trying out, and for tests."""

from __future__ import annotations

import sys
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING

from alerts.errors import ConfigError
from connectors import address

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler


class Server(ThreadingMixIn, TCPServer):
    """A thread for each connection, none of which outlives the process."""

    allow_reuse_address = True
    daemon_threads = True
    # The default of 5 makes bursts of new connections wait for a second.
    request_queue_size = 1024

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up in the middle."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def listening(listen: str, conversation: type[BaseHTTPRequestHandler]) -> Server:
    """A server that listens there and has each connection in a `conversation`.

    Raises:
        ConfigError: It cannot listen there.
    """
    host, port = address.split(listen)

    class Here(Server):
        address_family = address.family(host)

    try:
        return Here((host, port), conversation)
    except OSError as error:
        raise ConfigError(f"cannot listen on {listen}: {error.strerror}; use another with --listen") from error


def url(listen: str, server: Server) -> str:
    """Where somebody on the same machine reaches it."""
    host, _ = address.split(listen)
    port = server.server_address[1]
    return address.url(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
