"""One line for each request: who sent what, and what came of it.

A request only puts its facts into a queue; a thread makes lines of them and writes them, so a log that nobody reads
holds up no request. Lines have the shape of all others of Winnow's log, and no query string: it may hold a token.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import orjson

from connectors.redaction import redacted
from http_gateway import metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from http_gateway.body import Event, Receive, Scope, Send

    App = Callable[[Scope, Receive, Send], Awaitable[None]]

_WRITE_EVERY_S = 0.2
# About 5 MB, two seconds of the fastest senders. What does not fit is counted and not logged.
_QUEUED_MAX = 20_000
# What a pipe takes in one piece (POSIX: PIPE_BUF), so that lines of several workers do not mix.
_PIECE_BYTES = 4096
_PATH_MAX_CHARS = 200


SENT = "winnow.sent"
"""In a request's scope: the bytes of its body and the name of its source, once they are known."""


class Access(NamedTuple):
    """One request."""

    at_s: float
    """When it was answered, since the epoch."""
    request_id: str
    method: str
    path: str
    status: int
    took_s: float
    client: object
    """Its address, for which `str` is asked in the thread."""
    bytes: int | None = None
    """Of its body, as it came; None if it was not read, as are the fields below."""
    source: str | None = None
    ingest_id: str | None = None


class AccessLog:
    """Writes to standard error, as all of Winnow's log."""

    def __init__(self, address: Callable[[Scope], object]) -> None:
        """`address` says whose a request is."""
        self._address = address
        self._queue: deque[Access] = deque()
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="access-log", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued, if it can be written, and stop."""
        self._is_stopped.set()
        self._thread.join(timeout=1.0)

    def answered(self, scope: Scope, ids: tuple[str, str], status: int, took_s: float) -> None:
        """A request that brought alerts was answered; `ids` are its own and the one under which it would be stored."""
        size_bytes, source = scope.get(SENT, (None, None))
        stored = ids[1] if status < 400 else None
        what = (scope["method"], scope["path"], status, took_s, self._address(scope), size_bytes, source, stored)
        self.add(Access(time.time(), ids[0], *what))

    def around(self, app: App) -> App:
        """An app whose requests are logged; it puts their ids into the scope's state."""

        async def logged(scope: Scope, receive: Receive, send: Send) -> None:
            started_ns = time.monotonic_ns()

            async def send_and_log(event: Event) -> None:
                await send(event)
                if event["type"] == "http.response.start":
                    took_s = (time.monotonic_ns() - started_ns) / 1e9
                    ids = (scope["state"]["request_id"], "")
                    self.answered(scope, ids, event["status"], took_s)

            await app(scope, receive, send_and_log)

        return logged

    def add(self, access: Access) -> None:
        """Queue a line; never waits."""
        if len(self._queue) < _QUEUED_MAX:
            self._queue.append(access)
        else:
            metrics.access_lines_dropped.inc()

    def _write_on(self) -> None:
        while not self._is_stopped.wait(_WRITE_EVERY_S):
            self._write()
        self._write()

    def _write(self) -> None:
        queue = self._queue
        for piece in pieces(line(queue.popleft()) for _ in range(len(queue))):
            try:
                os.write(sys.stderr.fileno(), piece)
            except OSError:  # nobody is there to read it any more
                metrics.access_lines_dropped.inc(piece.count(b"\n"))


def pieces(lines: Iterable[bytes]) -> Iterable[bytes]:
    """The lines put together to pieces that are written whole."""
    gathered: list[bytes] = []
    size_bytes = 0
    for one in lines:
        if gathered and size_bytes + len(one) > _PIECE_BYTES:
            yield b"".join(gathered)
            gathered, size_bytes = [], 0
        gathered.append(one)
        size_bytes += len(one)
    if gathered:
        yield b"".join(gathered)


def line(access: Access) -> bytes:
    """The request as one line of JSON."""
    facts = {
        "request_id": access.request_id,
        "method": access.method,
        "path": redacted(access.path[:_PATH_MAX_CHARS].encode("utf-8", "replace").decode()),
        "status": access.status,
        "ms": round(access.took_s * 1000, 3),
        "client": str(access.client),
        "event": "request",
        "level": "info",
        "timestamp": datetime.fromtimestamp(access.at_s, UTC).isoformat().replace("+00:00", "Z"),
    }
    if access.bytes is not None:
        facts |= {"bytes": access.bytes, "source": access.source}
    if access.ingest_id:
        facts["ingest_id"] = access.ingest_id
    return orjson.dumps(facts, option=orjson.OPT_APPEND_NEWLINE)
