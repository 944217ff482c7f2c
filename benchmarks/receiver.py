"""A target that takes everything: it answers 200 without reading what it was told, and says how much came and when."""

from __future__ import annotations

import asyncio
import re
import sys
import time
import urllib.request
from typing import NamedTuple, cast

import orjson
import uvloop

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"
# Once in each alert, of whatever kind of target; what is in a text of JSON has its quotes escaped.
_ALERT = b'"labels":{'
_TOLD = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Seen(NamedTuple):
    """What came so far."""

    requests: int = 0
    alerts: int = 0
    first_s: float = 0.0
    """By the monotonic clock."""
    last_s: float = 0.0


class _Arrivals:
    seen = Seen()

    def came(self, alerts: int) -> None:
        now_s = time.monotonic()
        requests, before, first_s, _ = self.seen
        self.seen = Seen(requests + 1, before + alerts, first_s or now_s, now_s)


class _Connection(asyncio.Protocol):
    def __init__(self, arrivals: _Arrivals) -> None:
        self._arrivals = arrivals
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass of it

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_bytes = self._buffer.find(_HEAD_END) + len(_HEAD_END)
        if head_bytes < len(_HEAD_END):
            return
        length = _LENGTH.search(self._buffer, 0, head_bytes)
        if length is None:
            told = orjson.dumps(list(self._arrivals.seen))
            self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(told) + told)
        elif len(self._buffer) < head_bytes + int(length[1]):
            return
        else:
            self._arrivals.came(self._buffer.count(_ALERT, head_bytes))
            self._transport.write(_TOLD)
        self._buffer = b""


def seen(port: int) -> Seen:
    """What the receiver at this port has seen."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as response:
        return Seen(*orjson.loads(response.read()))


async def _serve(port: int) -> None:
    arrivals = _Arrivals()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(arrivals), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
