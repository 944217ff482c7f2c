"""Targets that answer as they are called, and quote the whole request where they refuse it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DENIED = "denied"


class Echo:
    """A server; the first part of a path is the name of a target, and one that ends in `-denied` answers 401."""

    def __init__(self) -> None:
        self.requests: dict[str, list[bytes]] = {}
        """All of each request, by the name of the target."""
        echo = self

        class Conversation(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                whole = f"{self.requestline}\r\n{self.headers}".encode() + body
                name = self.path.split("/")[1]
                echo.requests.setdefault(name, []).append(whole)
                is_denied = name.endswith(DENIED)
                answer = whole if is_denied else b"ok"
                self.send_response(401 if is_denied else 202, self.requestline if is_denied else None)
                self.send_header("location", self.path)
                self.send_header("x-told", self.headers.get("authorization", ""))
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the library's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Conversation)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def listening(self) -> Iterator[Echo]:
        """Answer until the end of the block."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
