"""Requests that wait for what becomes of their alerts: stored as always, answered when the flow has told the rest.

The first of them makes a tail of one partition of the replies topic (`connectors/kafka/tail.py`); the webhook's records
carry where that is, and the flow writes there. Whatever is missing when the time is up, or the gateway ends, or the
flow is gone, the answer is 202 with what is known: all of it lies in Kafka.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

import structlog

from alerts import reply
from alerts.errors import FormatError
from connectors.kafka.tail import Tail
from connectors.kafka.topics import topics
from http_gateway import metrics
from http_gateway.answers import Reply, now_ms
from http_gateway.waiting.preference import asked_s
from http_gateway.waiting.results import answer
from http_gateway.waiting.waiter import Waiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.config import Config
    from alerts.reply import Decided, Outcome
    from http_gateway.body import Receive, Scope

    News = list[Decided | Outcome]


class Store(Protocol):
    """Stores a request's alerts."""

    async def __call__(self, *, waiter: Waiter | None = None) -> Reply:
        """The usual answer, once they are in Kafka."""


log = structlog.get_logger()

# To find the end of a partition is milliseconds where a broker is there; it comes on top of what storing may take.
_BEGIN_S = 2.0
# Where the topic cannot be read, not every sender that wants to wait shall find that out anew.
_AGAIN_AFTER_S = 10.0
_COMPLETE, _DRAINING, _GONE, _TIME_UP, _NOT_APPLIED = "complete", "draining", "gone", "time-up", "not-applied"


class Request(NamedTuple):
    """A request on a path where its sender may wait."""

    scope: Scope
    receive: Receive
    ingest_id: str
    started_ns: int
    """When its body was there."""


class Waiting:
    """All requests of this process that wait; lives on its event loop."""

    def __init__(self, config: Config, is_away: Callable[[], bool]) -> None:
        """Wait as `config` allows; not at all while `is_away` says that no broker answers."""
        self._kafka = config.kafka
        self._at_most_s = math.floor(config.gateway.wait_max.total_seconds())
        self._max_waiting = config.gateway.max_waiting
        self._is_away = is_away
        self._waiters: dict[str, Waiter] = {}
        """By ingest id."""
        self._tail: Tail | None = None
        self._token = ""
        self._partition: asyncio.Future[int | None] | None = None
        self._again_at_s = 0.0
        self._is_draining = False

    async def take(self, request: Request, store: Store) -> Reply:
        """Store the request's alerts, and wait for the rest if its sender wants to and may.

        Raises:
            RefusedError: As `store` does, or `?wait=` is no number of seconds.
        """
        wait_s = min(asked_s(request.scope) or 0, self._at_most_s)
        if not wait_s:
            return await store()
        address = await self._address(wait_s)
        if address is None or not self._has_room:
            metrics.waited.labels(_NOT_APPLIED).inc()
            return await store()
        waiter = Waiter(address)
        self._waiters[request.ingest_id] = waiter
        metrics.waiting.inc()
        try:
            await store(waiter=waiter)
            ended = await _end(waiter, request, wait_s)
        finally:
            del self._waiters[request.ingest_id]
            metrics.waiting.dec()
        metrics.waited.labels(ended).inc()
        status, body = answer(waiter.stored, waiter.known, request.ingest_id, now_ms(), _took_ms(request))
        return Reply(status, body, ((b"preference-applied", b"wait=%d" % wait_s),))

    def drain(self) -> None:
        """Answer all that wait, now: this process ends. Whoever comes later does not wait."""
        self._is_draining = True
        for waiter in self._waiters.values():
            waiter.end(_DRAINING)

    def close(self) -> None:
        """Stop reading."""
        self.drain()
        if self._tail is not None:
            self._tail.close()

    @property
    def _has_room(self) -> bool:
        return not self._is_draining and len(self._waiters) < self._max_waiting

    async def _address(self, at_most_s: float) -> str | None:
        """Where the flow is to write for this process; None if this request cannot wait."""
        if not self._has_room or self._is_away():
            return None
        if self._partition is None or self._tail is None or not self._tail.is_alive:
            if asyncio.get_running_loop().time() < self._again_at_s:
                return None
            self._partition = self._begun()
        try:
            async with asyncio.timeout(min(at_most_s, _BEGIN_S)):
                partition = await asyncio.shield(self._partition)
        except TimeoutError:
            return None
        return None if partition is None else str(reply.Address(partition, self._token))

    def _begun(self) -> asyncio.Future[int | None]:
        """Begin to read, under a word that nobody else has; the partition, once it is known."""
        loop = asyncio.get_running_loop()
        self._again_at_s = loop.time() + _AGAIN_AFTER_S
        self._token = os.urandom(8).hex()
        partition: asyncio.Future[int | None] = loop.create_future()
        began = partial(_soon, loop, _settle, partition)
        took = partial(self._decode, loop)
        self._tail = Tail(self._kafka, topics(self._kafka).replies, self._token.encode(), began=began, took=took)
        return partition

    def _decode(self, loop: asyncio.AbstractEventLoop, value: bytes) -> None:
        """In the tail's thread."""
        try:
            news = reply.decode(value)
        except FormatError as error:  # a flow of another version; its senders are answered what is known
            log.warning("reply_unreadable", reason=str(error)[:300])
            return
        _soon(loop, self._hear, news)

    def _hear(self, news: News) -> None:
        for one in news:
            waiter = self._waiters.get(reply.ingest_id(one.input))
            if waiter is not None and waiter.hears(one):
                waiter.end(_COMPLETE)


async def _end(waiter: Waiter, request: Request, wait_s: int) -> str:
    """Wait until all is known, the time since the request began is up, or its sender is gone; say which."""
    if waiter.is_complete:
        return _COMPLETE
    left_s = wait_s - _took_ms(request) / 1000
    gone = asyncio.ensure_future(_disconnected(request.receive))
    try:
        await asyncio.wait({waiter.ended, gone}, timeout=max(0.0, left_s), return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
    if waiter.ended.done():
        return waiter.ended.result()
    return _GONE if gone.done() else _TIME_UP


async def _disconnected(receive: Receive) -> str:
    with contextlib.suppress(Exception):
        while (await receive())["type"] != "http.disconnect":
            pass
    return _GONE


def _took_ms(request: Request) -> float:
    return (time.monotonic_ns() - request.started_ns) / 1e6


def _settle(future: asyncio.Future[int | None], partition: int | None) -> None:
    if not future.done():
        future.set_result(partition)


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: object) -> None:
    """From another thread; a loop that has ended has nobody left who waits."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(call, *arguments)
