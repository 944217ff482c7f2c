"""The targets: one server that notes which alert of the run arrived at which of them, and how late."""

from __future__ import annotations

import threading
import time
from array import array
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, cast

import orjson
import uvloop

from benchmarks.answering import Answering

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

TARGETS = ("first", "second", "third")
"""Each is told of everything, at the path of its name."""
_TAKEN = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Arrivals:
    """What arrived of one run; of others only how much."""

    def __init__(self, run: str) -> None:
        self._run = run
        self.told: dict[str, Counter[str]] = {target: Counter() for target in TARGETS}
        """By target: how often it was told of an alert, by the label `instance`."""
        self.late_ms: dict[str, array[float]] = defaultdict(lambda: array("d"))
        """By stage: from the POST to the arrival, of each that is no repetition."""
        self.total = 0
        """Of this run and all others."""

    def note(self, target: str, body: bytes, at_s: float) -> None:
        """Take one notification that arrived then, in seconds since the epoch."""
        self.total += 1
        alert = orjson.loads(body)
        labels, annotations = alert["labels"], alert["annotations"]
        if labels.get("run") != self._run:
            return
        seen = self.told[target]
        seen[labels["instance"]] += 1
        if seen[labels["instance"]] == 1:
            self.late_ms[annotations["stage"]].append(at_s * 1000 - int(annotations["sent_ms"]))


class Receiver:
    """Serves in a thread of its own until it is closed."""

    def __init__(self, note: Callable[[str, bytes, float], None]) -> None:
        """`note` is called in that thread, with target, body and moment of each notification, before it is answered."""
        self._loop = uvloop.new_event_loop()

        def answer(head: bytes, body: bytes) -> bytes:
            note(head.split(b" ", 2)[1].decode().strip("/"), body, time.time())
            return _TAKEN

        serving = self._loop.create_server(lambda: Answering(answer), "127.0.0.1", 0)
        self._server = cast("asyncio.Server", self._loop.run_until_complete(serving))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, name="receiver", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
