"""Sends deliveries to targets: one place for all kinds; renders, sends, judges, and never raises."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import httpx
import structlog
from aiohttp import ClientTimeout
from yarl import URL

from alerts.config import HttpTarget, Kafka, Target
from connectors import egress
from connectors import targets as kinds
from connectors.exchange import is_final, reason, retry_after_ms
from connectors.kafka.producer import AcknowledgedProducer, Batch
from connectors.request import Answer, Judgement, Message, Request, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta

    from aiohttp import ClientResponse, ClientSession
    from aiohttp.abc import AbstractResolver

    from alerts.decision import Delivery
    from connectors.heartbeats import Beat

    Render = Callable[[Target, datetime], Request | Message]

log = structlog.get_logger()

ANSWER_MAX_BYTES = 64 * 1024
ANSWER_MAX_S = 5.0
"""How long a body may take once the status is there, within the target's timeout: it holds a place among the requests
under way, and says little."""


class Publisher:
    """Sends deliveries; lives on one event loop."""

    def __init__(self, targets: Sequence[Target], kafka: Kafka, resolver: AbstractResolver | None = None) -> None:
        """`resolver` finds the addresses of names; None: the system's."""
        self._targets = {target.name: target for target in targets}
        self._kafka = kafka
        self._resolver = resolver
        self._sessions: dict[bool, ClientSession] = {}
        self._producers: dict[timedelta, AcknowledgedProducer] = {}
        """By the time a message has."""

    async def send(self, deliveries: Sequence[Delivery]) -> Sent:
        """One request, to the target of all of them. Whatever goes wrong comes back as a value that holds no secret."""
        return await self._tell(deliveries[0].target, lambda target, at: kinds.render(target, deliveries, at))

    async def beat(self, beat: Beat) -> Sent:
        """One try of a heartbeat, in the same way."""
        return await self._tell(beat.to, lambda target, at: kinds.render_heartbeat(target, beat.deliveries, at))

    async def _tell(self, name: str, render: Render) -> Sent:
        target = self._targets.get(name)
        if target is None:
            return Sent(Judgement.REFUSED, None, f"no target named {name} in winnow.yaml")
        try:
            request = render(target, datetime.now(UTC))
        except Exception as error:  # a bug in a renderer: this notification ends on record, the others go on
            log.exception("render_raised", target=name, error=type(error).__name__)
            return Sent(Judgement.REFUSED, None, f"could not be rendered: {type(error).__name__}")
        try:
            if isinstance(request, Message):
                return await self._produce(request, target)
            return await self._post(request, target)
        except TimeoutError:
            return Sent(Judgement.RETRY, None, f"no answer within {target.timeout.total_seconds():g} s")
        except Exception as error:  # noqa: BLE001 aiohttp, TLS and DNS raise many kinds; all mean: not delivered
            return _unsent(error)

    async def _post(self, request: Request, target: Target) -> Sent:
        """Once the status is there it is the answer: whatever becomes of the body, nothing is sent again for it.

        httpx around this session would cost as much again as the session itself.
        """
        session = self._session(allow_private=isinstance(target, HttpTarget) and target.allow_private)
        response = await session.request(
            request.method,
            _address(request.url),
            data=request.body,
            headers=request.headers,
            allow_redirects=False,
            timeout=ClientTimeout(total=target.timeout.total_seconds()),
        )
        headers = {name.lower(): value for name, value in response.headers.items()}
        answer = Answer(response.status, headers, await _body(response))
        judgement = kinds.judge_of(target.kind, answer)
        error = "" if judgement is Judgement.DELIVERED else f"answered {answer.status}"
        return Sent(judgement, answer.status, error, retry_after_ms(headers, datetime.now(UTC)))

    async def _produce(self, message: Message, target: Target) -> Sent:
        loop = asyncio.get_running_loop()
        acknowledged: asyncio.Future[str | None] = loop.create_future()
        if target.timeout not in self._producers:
            # Its own: what a target was not told in time must not be written later, after what is newer.
            self._producers[target.timeout] = AcknowledgedProducer(self._kafka, target.timeout)

        def report(done: Batch) -> None:
            loop.call_soon_threadsafe(_settle, acknowledged, done.error)

        batch = Batch(1, report)
        self._producers[target.timeout].send([message], batch)
        async with asyncio.timeout(target.timeout.total_seconds()):
            error = await acknowledged
        return Sent(Judgement.DELIVERED if error is None else Judgement.RETRY, None, error or "")

    def _session(self, *, allow_private: bool) -> ClientSession:
        if allow_private not in self._sessions:
            self._sessions[allow_private] = egress.session(allow_private=allow_private, resolver=self._resolver)
        return self._sessions[allow_private]

    async def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            await session.close()
        for producer in self._producers.values():
            producer.close()


@lru_cache(maxsize=1024)
def _address(url: str) -> URL:
    """The URL as it is asked for: read once, and by httpx, which refuses hosts that yarl makes addresses of.

    Raises:
        httpx.InvalidURL: It is none.
    """
    return URL(str(httpx.URL(url)))


async def _body(response: ClientResponse) -> bytes:
    """What comes of the body in time, at most `ANSWER_MAX_BYTES`; it may stall, break off or be no valid gzip."""
    content = response.content
    if content.at_eof():
        return b""
    body = bytearray()
    with contextlib.suppress(Exception):
        async with asyncio.timeout(ANSWER_MAX_S):
            async for part in content.iter_any():
                body += part
                if len(body) >= ANSWER_MAX_BYTES:
                    break
    # What has not come is given up, and the connection with it; one that has answered whole is kept already.
    response.close()
    return bytes(body[:ANSWER_MAX_BYTES])


def _unsent(error: Exception) -> Sent:
    """What a failure before any answer means.

    A refused address, or none at all, is final: it is winnow.yaml that is to be changed, so the fallback and the dead
    letters shall tell of it now and not when the deadline is over.
    """
    return Sent(Judgement.REFUSED if is_final(error) else Judgement.RETRY, None, f"connection failed: {reason(error)}")


def _settle(future: asyncio.Future[str | None], error: str | None) -> None:
    if not future.done():
        future.set_result(error)
