"""A small HTTP server with a thread for each connection: for trying out, and for tests."""

from __future__ import annotations

import sys
import threading
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Self

from alerts.errors import ConfigError
from connectors import address

if TYPE_CHECKING:
    import ssl
    from http.server import BaseHTTPRequestHandler
    from types import TracebackType


class _Server(ThreadingMixIn, TCPServer):
    """A thread for each connection, none of which outlives the process."""

    allow_reuse_address = True
    daemon_threads = True
    # The default of 5 makes bursts of new connections wait for a second.
    request_queue_size = 1024

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up in the middle."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Threaded:
    """The server, up until `close`; a context manager."""

    def __init__(
        self, listen: str, conversation: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None
    ) -> None:
        """Start to listen, and have each connection in a `conversation`; port 0 lets the kernel pick one.

        Raises:
            ConfigError: It cannot listen there.
        """
        self.closing = threading.Event()
        """Whoever lets a client wait stops then."""
        self._server = _listening(listen, conversation)
        self.url = _url(listen, self._server)
        """Where somebody on the same machine reaches it."""
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
            self.url = self.url.replace("http:", "https:", 1)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; connections end with their clients."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _listening(listen: str, conversation: type[BaseHTTPRequestHandler]) -> _Server:
    host, port = address.split(listen)

    class Here(_Server):
        address_family = address.family(host)

    try:
        return Here((host, port), conversation)
    except OSError as error:
        raise ConfigError(f"cannot listen on {listen}: {error.strerror}; use another with --listen") from error


def _url(listen: str, server: _Server) -> str:
    host, _ = address.split(listen)
    port = server.server_address[1]
    return address.url(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
