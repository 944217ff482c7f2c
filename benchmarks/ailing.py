"""Targets that are no good, a path each, and how often they were asked."""

from __future__ import annotations

import asyncio
import sys
import urllib.request
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING

import orjson
import uvloop

from benchmarks.answering import Answering

if TYPE_CHECKING:
    from collections.abc import Mapping

AILMENTS: Mapping[str, bytes] = MappingProxyType({
    "silent": b"",
    "broken": b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
    "limited": b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
})  # fmt: skip
"""What each answers; nothing: it keeps the connection and never does."""


class Ward:
    """Answers as the path says."""

    def __init__(self) -> None:
        self._asked = Counter[str]()

    def answer(self, head: bytes, body: bytes) -> bytes:
        """What this target answers; who sends no body is told how often each was asked."""
        if not body:
            told = orjson.dumps(self._asked)
            return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(told) + told
        ailment = head.split(b" ", 2)[1].decode().strip("/")
        self._asked[ailment] += 1
        return AILMENTS[ailment]


def asked(port: int) -> dict[str, int]:
    """How often each was asked at this port, by what ails it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as response:
        return dict(orjson.loads(response.read()))


async def _serve(port: int) -> None:
    ward = Ward()
    server = await asyncio.get_running_loop().create_server(lambda: Answering(ward.answer), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
