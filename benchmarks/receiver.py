"""A target that takes everything: it answers 200 without reading what it was told, and says how much came and when."""

from __future__ import annotations

import asyncio
import sys
import time
import urllib.request
from typing import NamedTuple

import orjson
import uvloop

from benchmarks.answering import Answering

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

    def answer(self, _head: bytes, body: bytes) -> bytes:
        """Take a notification; who sends none asks what came."""
        if not body:
            told = orjson.dumps(list(self.seen))
            return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(told) + told
        now_s = time.monotonic()
        requests, before, first_s, _ = self.seen
        self.seen = Seen(requests + 1, before + body.count(_ALERT), first_s or now_s, now_s)
        return _TOLD


def seen(port: int) -> Seen:
    """What the receiver at this port has seen."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as response:
        return Seen(*orjson.loads(response.read()))


async def _serve(port: int) -> None:
    arrivals = _Arrivals()
    server = await asyncio.get_running_loop().create_server(lambda: Answering(arrivals.answer), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
