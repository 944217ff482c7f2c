"""The server's side of a connection whose client waits for each answer, as small as it can be."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"


class Answering(asyncio.Protocol):
    """Reads requests, without a body or with its length in the head, and writes what is answered."""

    def __init__(self, answer: Callable[[bytes, bytes], bytes]) -> None:
        """`answer` makes all bytes of an answer from a request's head and body."""
        self._answer = answer
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass of it

    def data_received(self, data: bytes) -> None:
        """Answer once the request is whole."""
        self._buffer += data
        head_bytes = self._buffer.find(_HEAD_END)
        if head_bytes < 0:
            return
        length = _LENGTH.search(self._buffer, 0, head_bytes)
        begins = head_bytes + len(_HEAD_END)
        if len(self._buffer) - begins < (int(length[1]) if length else 0):
            return
        request, self._buffer = self._buffer, b""
        self._transport.write(self._answer(request[:head_bytes], request[begins:]))
