"""Sends deliveries to targets: one place for all kinds; renders, sends, judges, and never raises."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import structlog
from httpx_aiohttp import AiohttpTransport

from alerts.config import HttpTarget, Kafka, Target
from connectors import targets as kinds
from connectors.kafka.producer import AcknowledgedProducer, Batch
from connectors.request import Answer, Judgement, Message, Request, Sent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.decision import Delivery

log = structlog.get_logger()

ANSWER_MAX_BYTES = 64 * 1024

# A day: more is a slip, and the lane bounds it by the delivery's deadline anyway.
_RETRY_AFTER_MAX_S = 86_400
_DIGITS_MAX = 12


class Publisher:
    """Sends deliveries; lives on one event loop."""

    def __init__(self, targets: Sequence[Target], kafka: Kafka) -> None:
        self._targets = {target.name: target for target in targets}
        self._kafka = kafka
        self._transports: dict[bool, httpx.AsyncBaseTransport] = {}
        self._producers: dict[str, AcknowledgedProducer] = {}
        """By target: each has its own timeout."""

    async def send(self, delivery: Delivery) -> Sent:
        """One try. Whatever goes wrong comes back as a value, in words that hold no secret."""
        target = self._targets.get(delivery.target)
        if target is None or not target.enabled:
            what = "no target" if target is None else "the target is not enabled"
            return Sent(Judgement.REFUSED, None, f"{delivery.target}: {what} in winnow.yaml")
        try:
            request = kinds.kinds()[target.kind].render(target, delivery, datetime.now(UTC))
        except Exception as error:
            log.exception("render_raised", target=target.name, error=type(error).__name__)
            return Sent(Judgement.REFUSED, None, f"could not be rendered: {type(error).__name__}")
        until_s = asyncio.get_running_loop().time() + target.timeout.total_seconds()
        try:
            async with asyncio.timeout_at(until_s):
                if isinstance(request, Message):
                    return await self._produce(request, target)
                response = await self._post(request, target)
        except TimeoutError:
            return Sent(Judgement.RETRY, None, f"no answer within {target.timeout.total_seconds():g} s")
        except Exception as error:  # noqa: BLE001 aiohttp, TLS and DNS raise many kinds; all mean: not delivered
            return Sent(Judgement.RETRY, None, f"connection failed: {_reason(error)}")
        answer = await _answer(response, until_s)
        judgement = kinds.judge_of(target.kind, answer)
        told = "" if judgement is Judgement.DELIVERED else f"answered {answer.status}"
        return Sent(judgement, answer.status, told, retry_after_ms(answer.headers, datetime.now(UTC)))

    async def _post(self, request: Request, target: Target) -> httpx.Response:
        transport = self._transport(allow_private=isinstance(target, HttpTarget) and target.allow_private)
        outgoing = httpx.Request(request.method, request.url, headers=request.headers, content=request.body)
        return await transport.handle_async_request(outgoing)

    async def _produce(self, message: Message, target: Target) -> Sent:
        loop = asyncio.get_running_loop()
        acknowledged: asyncio.Future[str | None] = loop.create_future()
        if target.name not in self._producers:
            self._producers[target.name] = AcknowledgedProducer(self._kafka, target.timeout)

        def report(done: Batch) -> None:
            loop.call_soon_threadsafe(_settle, acknowledged, done.error)

        batch = Batch(1, report)
        self._producers[target.name].send([message], batch)
        error = await acknowledged
        return Sent(Judgement.DELIVERED if error is None else Judgement.RETRY, None, error or "")

    def _transport(self, *, allow_private: bool) -> httpx.AsyncBaseTransport:
        if allow_private not in self._transports:
            connector = aiohttp.TCPConnector(limit=0, socket_factory=None if allow_private else _public_socket)
            session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
            )
            self._transports[allow_private] = AiohttpTransport(client=session)
        return self._transports[allow_private]

    async def close(self) -> None:
        """Close all connections."""
        for transport in self._transports.values():
            await transport.aclose()
        for producer in self._producers.values():
            producer.close()


async def _answer(response: httpx.Response, until_s: float) -> Answer:
    """The answer with as much of its body as comes in time.

    A body that breaks off or stalls says nothing, and the status counts: it was there, so the request was dealt with.
    """
    body = b""
    try:
        async with asyncio.timeout_at(until_s):
            async for part in response.aiter_bytes():
                body += part
                if len(body) >= ANSWER_MAX_BYTES:
                    break
    except Exception:  # noqa: BLE001 aiohttp raises many kinds
        body = b""
    finally:
        with contextlib.suppress(Exception):
            await response.aclose()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, body[:ANSWER_MAX_BYTES])


def _settle(future: asyncio.Future[str | None], error: str | None) -> None:
    if not future.done():
        future.set_result(error)


class _PrivateAddressError(OSError):
    """The target resolved to an address that only `allow_private: true` permits."""


def _public_socket(addr_info: tuple[Any, ...]) -> socket.socket:
    """A socket for this address, made after name resolution, so a name cannot hide a private address."""
    family, kind, protocol, _, address = addr_info
    if not ipaddress.ip_address(address[0].split("%")[0]).is_global:
        raise _PrivateAddressError("private address: set allow_private: true on this target if that is meant")
    return socket.socket(family, kind, protocol)


def _reason(error: Exception) -> str:
    """Why, without the URL: the texts of aiohttp's errors name hosts, and a URL can be a secret."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _PrivateAddressError):
            return str(cause)
        if isinstance(cause, OSError) and cause.strerror and cause.errno:
            return f"{type(cause).__name__} (errno {cause.errno})"
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def retry_after_ms(headers: dict[str, str], now: datetime) -> int:
    """`Retry-After`, seconds or a date, as milliseconds from `now`; 0 if absent, past or neither.

    Source: RFC 9110, section 10.2.3
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        asked_s = float(text[:_DIGITS_MAX])
    else:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return 0
        asked_s = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return int(1000 * min(max(asked_s, 0), _RETRY_AFTER_MAX_S))
