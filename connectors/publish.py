"""Sends deliveries to targets: one place for all kinds; renders, sends, judges, and never raises."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from alerts.config import HttpTarget, Kafka, Target
from connectors import egress
from connectors import targets as kinds
from connectors.exchange import is_final, reason, retry_after_ms
from connectors.kafka.producer import AcknowledgedProducer, Batch
from connectors.poster import Poster
from connectors.request import Judgement, Message, Request, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta

    from aiohttp.abc import AbstractResolver

    from alerts.decision import Delivery
    from connectors.heartbeats import Beat

    Render = Callable[[Target, datetime], Request | Message]

log = structlog.get_logger()


class Publisher:
    """Sends deliveries; lives on one event loop."""

    def __init__(self, targets: Sequence[Target], kafka: Kafka, resolver: AbstractResolver | None = None) -> None:
        """`resolver` finds the addresses of names; None: the system's."""
        self._targets = {target.name: target for target in targets}
        self._kafka = kafka
        self._resolver = resolver
        self._posters: dict[bool, Poster] = {}
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
        poster = self._poster(allow_private=isinstance(target, HttpTarget) and target.allow_private)
        answer = await poster.send(request, target.timeout)
        judgement = kinds.judge_of(target.kind, answer)
        if judgement is Judgement.DELIVERED:
            return Sent(judgement, answer.status, "")
        return Sent(
            judgement, answer.status, f"answered {answer.status}", retry_after_ms(answer.headers, datetime.now(UTC))
        )

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

    def _poster(self, *, allow_private: bool) -> Poster:
        if allow_private not in self._posters:
            self._posters[allow_private] = Poster(
                egress.connector(allow_private=allow_private, resolver=self._resolver)
            )
        return self._posters[allow_private]

    async def close(self) -> None:
        """Close all connections."""
        for poster in self._posters.values():
            await poster.close()
        for producer in self._producers.values():
            producer.close()


def _unsent(error: Exception) -> Sent:
    """What a failure before any answer means.

    A refused address, or none at all, is final: it is winnow.yaml that is to be changed, so the fallback and the dead
    letters shall tell of it now and not when the deadline is over.
    """
    return Sent(Judgement.REFUSED if is_final(error) else Judgement.RETRY, None, f"connection failed: {reason(error)}")


def _settle(future: asyncio.Future[str | None], error: str | None) -> None:
    if not future.done():
        future.set_result(error)
