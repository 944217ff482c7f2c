"""Serves /metrics, /healthz and /readyz from a thread, for processes that are no HTTP servers themselves."""

from __future__ import annotations

import threading
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from alerts.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the library's name
        """Scrapes are not worth a line each."""


def serve(listen: str, is_ready: Callable[[], bool]) -> _Server:
    """Serve until the process ends, or `shutdown` is called.

    Raises:
        ConfigError: The address is taken or not this machine's.
    """
    metrics = make_wsgi_app()

    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            page: Iterable[bytes] = metrics(environ, start)
            return page
        if path == "/healthz" or (path == "/readyz" and is_ready()):
            status, body = "200 OK", b'{"status":"ok"}'
        elif path == "/readyz":
            status, body = "503 Service Unavailable", b'{"status":"not ready"}'
        else:
            status, body = "404 Not Found", b'{"status":"not found"}'
        start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    host, _, port = listen.rpartition(":")
    try:
        server = make_server(host.strip("[]"), int(port), app, _Server, _Quiet)
    except OSError as error:
        raise ConfigError(
            f"cannot serve metrics at {listen}: {error.strerror}; set flow.metrics_listen or WINNOW_METRICS_LISTEN"
        ) from error
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
