"""Sends requests over aiohttp's connections, as its client would, without what that does for requests of other kinds.

Of the client's CPU for a notification, half is cookies, redirects, middlewares, tracing, a task that writes the body
and an object that reads it, none of which a delivery needs. Whom it connects to is judged in `connectors/egress.py`.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import httpx
from aiohttp import ClientConnectionError, ClientRequest, ClientTimeout
from yarl import URL

from connectors.request import Answer

if TYPE_CHECKING:
    from datetime import timedelta

    from aiohttp import StreamReader, TCPConnector
    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage

    from connectors.request import Request

ANSWER_MAX_BYTES = 64 * 1024
ANSWER_MAX_S = 5.0
"""How long a body may take once the status is there, within the target's timeout: it holds a place among the requests
under way, and says little."""

_READ_BYTES = 16 * 1024
"""So much of a body has been read by whoever answers. Of more only a 2xx says that it was: that all is written does
not, for the kernel, and TLS all of it, takes what nobody reads."""

_ONLY_BY_THE_WAY = range(100, 200)
_SWITCHED = 101
_NO_LIMIT = ClientTimeout(total=None)


class _Place(NamedTuple):
    """Where requests to a URL go, and how each of them begins."""

    connect: ClientRequest
    """Tells the connector the host, the port and whether to speak TLS."""
    path: str
    lines: dict[str, str]
    """What aiohttp's client says to everybody, by name in lower case; a request may say otherwise."""


class Poster:
    """Sends requests; lives on one event loop."""

    def __init__(self, connector: TCPConnector) -> None:
        """`connector` is closed with it."""
        self._connector = connector
        self._place = lru_cache(maxsize=1024)(_place)

    async def send(self, request: Request, within: timedelta) -> Answer:
        """What is answered to a request; redirects are answers.

        Once the status is there it is the answer: whatever becomes of the body.

        Raises:
            TimeoutError: No status in time.
            Exception: aiohttp, TLS and DNS raise many kinds; all mean that there is no answer.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within.total_seconds()
        place = self._place(request.url, loop)
        head = _head(request, place)
        async with asyncio.timeout_at(deadline):
            connection = await self._connect(place)
            try:
                message, content = await _exchange(connection, head + request.body)
            except BaseException:
                _abort(connection)
                raise
        headers = {name.lower(): value for name, value in message.headers.items()}
        try:
            body = await _body(content, min(deadline, loop.time() + ANSWER_MAX_S))
        finally:
            is_read = len(request.body) <= _READ_BYTES or 200 <= message.code < 300
            _let_go(connection, content, is_read=is_read)
        return Answer(message.code, headers, body)

    async def _connect(self, place: _Place) -> Connection:
        """A connection on which nothing lies that nobody asked for: it would be taken for the answer.

        Where anything came after the last answer, the connector would give the connection out all the same.
        """
        while True:
            connection = await self._connector.connect(place.connect, [], _NO_LIMIT)
            if connection.protocol is None or len(connection.protocol) == 0:
                return connection
            _abort(connection)

    async def close(self) -> None:
        """Close all connections."""
        await self._connector.close()


def _place(url: str, loop: asyncio.AbstractEventLoop) -> _Place:
    """Read by httpx, which refuses hosts that yarl makes addresses of.

    Raises:
        httpx.InvalidURL: It is none.
    """
    connect = ClientRequest("POST", URL(str(httpx.URL(url))), loop=loop)
    lines = {name.lower(): f"{name}: {value}" for name, value in connect.headers.items()}
    return _Place(connect, connect.url.raw_path_qs, lines)


def _head(request: Request, place: _Place) -> bytes:
    """The lines before the body.

    Raises:
        ValueError: A header would make two of one.
    """
    own = {name: f"{name}: {value}" for name, value in request.headers.items()}
    length = {"content-length": f"Content-Length: {len(request.body)}"}
    lines = (place.lines | own | length).values()
    head = "\r\n".join([f"{request.method} {place.path} HTTP/1.1", *lines])
    if head.count("\r") != len(lines) or head.count("\n") != len(lines) or "\0" in head:
        raise ValueError("a line break or NUL in a header")
    return f"{head}\r\n\r\n".encode()


async def _exchange(connection: Connection, sent: bytes) -> tuple[RawResponseMessage, StreamReader]:
    """The head of the answer, and its body as far as it is there."""
    protocol = connection.protocol
    if protocol is None or protocol.transport is None:
        raise ClientConnectionError("closed before it was used")
    protocol.set_response_params(read_until_eof=True)
    protocol.transport.write(sent)
    while True:
        message, content = await protocol.read()
        if message.code not in _ONLY_BY_THE_WAY or message.code == _SWITCHED:
            return message, content


async def _body(content: StreamReader, deadline: float) -> bytes:
    """What comes of the body in time, at most `ANSWER_MAX_BYTES`; it may stall, break off or be no valid gzip."""
    body = bytearray()
    try:
        if not content.at_eof():
            async with asyncio.timeout_at(deadline):
                async for part in content.iter_any():
                    body += part
                    if len(body) >= ANSWER_MAX_BYTES:
                        break
    except Exception:  # noqa: BLE001, S110 whatever it is, the status is there
        pass
    return bytes(body[:ANSWER_MAX_BYTES])


def _let_go(connection: Connection, content: StreamReader, *, is_read: bool) -> None:
    """Keep the connection if all was read and all has come; else nobody could tell whose answer is next."""
    transport = connection.transport
    is_sent = transport is not None and not transport.get_write_buffer_size()
    if is_read and is_sent and content.is_eof() and content.exception() is None:
        connection.release()
    else:
        _abort(connection)


def _abort(connection: Connection) -> None:
    """Close it at once: what is not sent yet would come after what is newer, whenever the target reads on."""
    if connection.transport is not None:
        connection.transport.abort()
    connection.close()
