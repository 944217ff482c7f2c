"""A small HTTP client for load: fixed request bytes over kept-alive connections, each answered before the next."""

from __future__ import annotations

import asyncio
import re
import time
from typing import NamedTuple, cast

import uvloop

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Run(NamedTuple):
    """What a run did."""

    requests: int
    seconds: float
    failed: int
    """Answers other than 2xx."""


def post(port: int, path: str, body: bytes, token: str | None = None) -> bytes:
    """A request's bytes, with a bearer token if one is given."""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
    head += "" if token is None else f"authorization: Bearer {token}\r\n"
    return head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body


class _Connection(asyncio.Protocol):
    def __init__(self, requests: list[bytes], until: float, done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._until = until
        self._done = done
        self._buffer = b""
        self.count = self.failed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass of it
        self._transport.write(self._requests[0])

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not separator or (length and len(rest) < int(length[1])):
            return
        self._buffer = b""
        self.count += 1
        self.failed += not head.startswith(b"HTTP/1.1 2")
        if time.monotonic() < self._until:
            self._transport.write(self._requests[self.count % len(self._requests)])
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 the protocol's signature
        if not self._done.done():
            self._done.set_result(None)


async def _load(port: int, requests: list[bytes], connections: int, seconds: float) -> Run:
    loop = asyncio.get_running_loop()
    started = time.monotonic()
    made: list[_Connection] = []
    ends: list[asyncio.Future[None]] = []
    for _ in range(connections):
        end = loop.create_future()
        connection = _Connection(requests, started + seconds, end)
        await loop.create_connection(lambda connection=connection: connection, "127.0.0.1", port)  # type: ignore[misc]
        made.append(connection)
        ends.append(end)
    await asyncio.gather(*ends)
    took = time.monotonic() - started
    return Run(sum(one.count for one in made), took, sum(one.failed for one in made))


def load(port: int, requests: list[bytes], connections: int, seconds: float) -> Run:
    """Send requests for a while; each connection takes its turn through `requests`."""
    return uvloop.run(_load(port, requests, connections, seconds))
