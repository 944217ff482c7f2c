"""Sends the bodies as an Alertmanager would: again and again until a 2xx, and every 2xx is an obligation."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import orjson

from tests.chaos.stream import BODY_MAX_ALERTS, Group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.settings import Settings
    from tests.chaos.stream import Body, Told

GROUPS = 8
_ANSWER_TIMEOUT_S = 15.0
_PAUSE_S = 0.3
_BEHIND_MAX_S = 10.0
_LAST_BODY_S = 60.0


class Accepted(NamedTuple):
    """A body that was answered 2xx."""

    id: str
    """The ingest id of the answer."""
    told: list[Told]


class Feeder:
    """Runs in a thread of its own until it is stopped."""

    def __init__(self, settings: Settings, port: int, begin_ms: int, log: Callable[..., None]) -> None:
        self._settings = settings
        self._port = port
        self._begin_ms = begin_ms
        self._log = log
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="feeder", daemon=True)
        self.accepted: list[Accepted] = []
        self.count = 0
        """Alerts accepted."""
        self.answers: dict[int, int] = {}
        """How often each status was answered; 0: the connection broke or nothing came."""
        self.was_paused_since: Callable[[float], bool] = lambda _: False
        """Whether the gateway could not answer at some time since."""
        self.slowest_503_s = 0.0
        self.refused: list[str] = []
        """Answers that ask for no repeat; there should be none."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Send no further bodies; those under way are sent until they are accepted."""
        self._stopping.set()
        self._thread.join(_LAST_BODY_S)

    async def _run(self) -> None:
        await asyncio.gather(*(self._group(number) for number in range(GROUPS)))

    async def _group(self, number: int) -> None:
        group = Group(self._settings.seed, number, self._begin_ms, self._settings.new_share)
        each_s = GROUPS / self._settings.rate
        due = time.monotonic() + number / GROUPS
        for body in self._bodies(group, number):
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            # What was missed is made up for, but not all of it at once.
            due = max(due + len(body.told) * each_s, time.monotonic() - _BEHIND_MAX_S)
            if self._stopping.is_set():
                return
            await self._send(body)

    def _bodies(self, group: Group, number: int) -> Iterator[Body]:
        if number == 0:
            for stage in self._settings.drops:
                yield group.marked(f"leak-{stage}")
        yield from group.bodies(int(min(BODY_MAX_ALERTS, max(1.0, self._settings.rate / GROUPS))))

    async def _send(self, body: Body) -> None:
        tries = 0
        until = 0.0
        while not until or time.monotonic() < until:
            tries += 1
            started = time.monotonic()
            status, answer = await self._post(body.content)
            self.answers[status] = self.answers.get(status, 0) + 1
            if 200 <= status < 300:
                self._note(status, answer, body)
                return
            if status == 503 and not self.was_paused_since(started):
                self.slowest_503_s = max(self.slowest_503_s, time.monotonic() - started)
            elif status and status < 500:
                self.refused.append(f"{status}: {answer[:200]!r}")
                return
            if self._stopping.is_set() and not until:
                until = time.monotonic() + _LAST_BODY_S / 2
            await asyncio.sleep(_PAUSE_S)

    def _note(self, status: int, answer: bytes, body: Body) -> None:
        told = orjson.loads(answer)
        self.accepted.append(Accepted(told["ingest_id"], body.told))
        self.count += len(body.told)
        if status != 202 or told["alerts_summary"]["total_accepted"] != len(body.told):
            self.refused.append(f"{status}: {answer[:200]!r}")

    async def _post(self, content: bytes) -> tuple[int, bytes]:
        """Status and body of the answer; status 0 if none came."""
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                head = (
                    f"POST /v1/webhooks/alertmanager HTTP/1.1\r\nhost: 127.0.0.1:{self._port}\r\nconnection: close\r\n"
                )
                head += f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
                writer.write(head.encode() + content)
                answered = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = next(line for line in answered.split(b"\r\n") if line.startswith(b"content-length:"))
                return int(answered.split()[1]), await reader.readexactly(int(length.split(b":")[1]))
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            return 0, b""
        finally:
            if writer is not None:
                writer.close()
