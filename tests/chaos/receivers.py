"""The targets: one server that notes what arrives at each path, and misbehaves there as it is told."""

from __future__ import annotations

import asyncio
import threading
import time
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import orjson

from tests.chaos.settings import KINDS, TIMEOUT_S
from tests.chaos.spoken import Spoken, is_heartbeat, read

if TYPE_CHECKING:
    from collections.abc import Callable

_LATE_S = TIMEOUT_S + 0.5
_HANG_S = 120.0


class Mood(StrEnum):
    """How a target answers."""

    WELL = "well"
    ERROR = "500"
    LIMIT = "429 with Retry-After"
    HANG = "hang"
    CUT = "close mid-body"
    LATE = "200 after the flow has timed out"


class Note(NamedTuple):
    """One notification."""

    at: float
    """Monotonic, when its last byte was read."""
    target: str
    mood: Mood
    spoken: Spoken


def _http(status: int, body: bytes, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status} Told\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


class Receivers:
    """Serves in a thread of its own until it is closed."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.notes: list[Note] = []
        self.moods: dict[str, Mood] = dict.fromkeys(KINDS, Mood.WELL)
        self.strange: list[str] = []
        """Requests nobody understands; there should be none."""
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, host, 0))
        self.url = f"http://{host}:{self._server.sockets[0].getsockname()[1]}"
        self._thread = threading.Thread(target=self._loop.run_forever, name="receivers", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._end, self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _end(self, stop: Callable[[], None]) -> None:
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        ended = asyncio.gather(*tasks, return_exceptions=True)
        ended.add_done_callback(lambda _: stop())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        target = first.split()[1].split("/")[1]
        mood = self.moods[target]
        try:
            if not is_heartbeat(KINDS[target], headers):
                now_s = time.monotonic()
                spoken = read(KINDS[target], headers, orjson.loads(body))
                self.notes.extend(Note(now_s, target, mood, one) for one in spoken)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            self.strange.append(f"{target}: {type(error).__name__}: {error}: {body[:300]!r}")
        return await self._answer(mood, KINDS[target], writer)

    async def _answer(self, mood: Mood, kind: str, writer: asyncio.StreamWriter) -> bool:
        """Answer; whether the connection is still of use."""
        well = _http(200, b"ok" if kind == "slack" else b"{}")
        if mood is Mood.HANG:
            await asyncio.sleep(_HANG_S)
        elif mood is Mood.CUT:
            writer.write(_http(200, b"{" + b" " * 100)[:-60])
        elif mood is Mood.ERROR:
            writer.write(_http(500, b"{}"))
        elif mood is Mood.LIMIT:
            writer.write(_http(429, b"{}", "retry-after: 1\r\n"))
        else:
            if mood is Mood.LATE:
                await asyncio.sleep(_LATE_S)
            writer.write(well)
        await writer.drain()
        return mood not in {Mood.HANG, Mood.CUT}
