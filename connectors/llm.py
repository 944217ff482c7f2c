"""Asks a language model about templates of alerts: the only file that knows the HTTP details of a model."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import httpx
import orjson
import structlog
from httpx_aiohttp import AiohttpTransport

from alerts import prompt
from alerts.depth import is_deeper
from alerts.errors import ReplyError
from alerts.instant import rfc3339
from alerts.model_reply import Origin, read
from connectors import egress, llm_classify, llm_openai
from connectors.exchange import hang_up, is_final, reason, retry_after_ms
from connectors.llm_dialect import Said
from connectors.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.abc import AbstractResolver

    from alerts.advice import Answer, Template
    from alerts.config_llm import Llm
    from alerts.prompt import Messages

log = structlog.get_logger()

TRIES_MAX = 3
PAUSE = timedelta(seconds=1)
"""Before the second try; twice as long before the third."""
BODY_MAX_BYTES = 256 * 1024
DEPTH_MAX = 64
"""Of lists and objects in each other in an answer: a completion has some five, and parsers bear a few hundred."""
RETRY_AFTER_MAX_MS = 10_000
"""A server that asks for more is left alone: whoever waits has given up by then."""
SLOW_MS = 3000
"""A call that took longer has failed, for the breaker's account, whatever it answered (contract.md)."""

_CHARS_PER_TOKEN = 4
_NO_JSON = Said("", 0, "answered no JSON")
_TRANSIENT = frozenset({408, 429, *range(500, 600)})
_MAY_NAME_A_TIME = frozenset({429, 503})


class Tried(NamedTuple):
    """One call, which is over."""

    has_failed: bool
    """It brought no usable answer, or took more than `SLOW_MS`."""
    tokens: int
    """As the server says; else by the length of prompt and reply."""
    retry_after_ms: int
    """For how long the server asked to be left alone."""


class Reply(NamedTuple):
    """What became of a question."""

    answer: Answer | None
    error: str
    """Why there is none, without address, key or what came; empty if there is one."""


class _Call(NamedTuple):
    """What one call brought."""

    answer: Answer | None
    error: str
    unusable: str = ""
    """A reply that is no answer, but may become one by repair."""
    may_repeat: bool = False
    tokens: int = 0
    retry_after_ms: int = 0


class _TooLongError(Exception):
    """An answer over `BODY_MAX_BYTES`."""


class Model:
    """Asks one model; lives on one event loop."""

    def __init__(self, settings: Llm, resolver: AbstractResolver | None = None, pause: timedelta = PAUSE) -> None:
        """`resolver` finds the addresses of names; None: the system's."""
        self._settings = settings
        self._resolver = resolver
        self._pause_s = pause.total_seconds()
        self._converses = settings.dialect == "openai"
        dialect = llm_openai if self._converses else llm_classify
        parts = urlsplit(settings.base_url)
        self._url = urlunsplit(parts._replace(path=parts.path.rstrip("/") + dialect.PATH, fragment=""))
        self._read: Callable[[object], Said] = dialect.read
        # A compressed answer could hold a thousand times of what is bounded here.
        self._headers = {
            "content-type": "application/json",
            "accept": "application/json",
            "accept-encoding": "identity",
        }
        if settings.api_key is not None:
            self._headers["authorization"] = f"Bearer {settings.api_key.get_secret_value()}"
        self._transport: httpx.AsyncBaseTransport | None = None

    async def ask(self, template: Template, tried: Callable[[Tried], None], may_go_on: Callable[[], bool]) -> Reply:
        """What the model says of a template; never raises.

        Args:
            template: All that the model is shown.
            tried: Told of each call as soon as it is over; once also if none could be made.
            may_go_on: Asked right before each call but the first.
        """
        reported: list[Tried] = []

        def report(call: Tried) -> None:
            reported.append(call)
            tried(call)

        try:
            return await self._asked(template, report, may_go_on)
        except Exception as error:  # a bug: the question ends as one without an answer
            log.exception("model_question_raised", error=type(error).__name__)
            if not reported:
                tried(Tried(has_failed=True, tokens=0, retry_after_ms=0))
            return Reply(None, f"could not be asked: {type(error).__name__}")

    async def close(self) -> None:
        """Close all connections."""
        if self._transport is not None:
            await self._transport.aclose()

    async def _asked(self, template: Template, tried: Callable[[Tried], None], may_go_on: Callable[[], bool]) -> Reply:
        began_s = time.monotonic()
        calls: list[_Call] = []

        async def call(body: bytes) -> _Call:
            calls.append(await self._call(body, tried))
            return calls[-1]

        messages = prompt.opening(template)
        body = self._body(template, messages)
        last = await call(body)
        while last.may_repeat and len(calls) < TRIES_MAX and last.retry_after_ms <= RETRY_AFTER_MAX_MS:
            await asyncio.sleep(max(self._backoff_s(len(calls)), last.retry_after_ms / 1000))
            if not may_go_on():
                break
            last = await call(body)
        if last.unusable and self._converses and may_go_on():
            last = await call(llm_openai.body(self._settings, prompt.repair(messages, last.unusable, last.error)))
        if last.answer is None:
            return Reply(None, last.error)
        took_ms = _since_ms(began_s)
        return Reply(last.answer._replace(tokens=sum(one.tokens for one in calls), took_ms=took_ms), "")

    def _body(self, template: Template, messages: Messages) -> bytes:
        if self._converses:
            return llm_openai.body(self._settings, messages)
        return llm_classify.body(self._settings, template, rfc3339(int(time.time() * 1000)))

    def _backoff_s(self, failed: int) -> float:
        spread = random.uniform(0.75, 1.25)  # noqa: S311 it keeps many from coming at once, it guards no secret
        return self._pause_s * float(2 ** (failed - 1)) * spread

    async def _call(self, body: bytes, tried: Callable[[Tried], None]) -> _Call:
        """One call, reported whatever comes of it: a breaker may let nobody else try until then."""
        began_s = time.monotonic()
        try:
            call = await self._sent(body)
        except Exception:  # whatever it is, it is reported and raised on
            tried(Tried(has_failed=True, tokens=_tokens(len(body)), retry_after_ms=0))
            raise
        has_failed = call.answer is None or _since_ms(began_s) > SLOW_MS
        tried(Tried(has_failed, call.tokens, call.retry_after_ms))
        return call

    async def _sent(self, body: bytes) -> _Call:
        timeout_s = self._settings.timeout.total_seconds()
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._begun(body)
                content = await _content(response)
        except TimeoutError:
            # The model may well have worked on it, and will be paid for that.
            return _Call(None, f"no answer within {timeout_s:g} s", may_repeat=True, tokens=_tokens(len(body)))
        except _TooLongError:
            return _Call(None, f"answered more than {BODY_MAX_BYTES // 1024} KiB", tokens=_tokens(len(body)))
        except Exception as error:  # noqa: BLE001 aiohttp, TLS and DNS raise many kinds; all mean: not answered
            return _Call(None, f"connection failed: {reason(error)}", may_repeat=not is_final(error))
        return self._judged(content, len(body)) if response.status_code == 200 else _refused(response)

    async def _begun(self, body: bytes) -> httpx.Response:
        if self._transport is None:
            # A model of one's own is on this machine or in the same network more often than not.
            self._transport = AiohttpTransport(client=egress.session(allow_private=True, resolver=self._resolver))
        outgoing = httpx.Request("POST", self._url, headers=self._headers, content=body)
        return await self._transport.handle_async_request(outgoing)

    def _judged(self, content: bytes, sent_bytes: int) -> _Call:
        try:
            said = (
                _NO_JSON
                if is_deeper(content, DEPTH_MAX)
                else self._read(orjson.loads(redacted(content.decode(errors="replace"))))
            )
        except orjson.JSONDecodeError:
            said = _NO_JSON
        text = said.reply if isinstance(said.reply, str) else ""
        tokens = said.tokens or _tokens(sent_bytes + (len(text) or len(content)))
        if said.error:
            return _Call(None, said.error, tokens=tokens)
        origin = Origin(self._settings.model, prompt.PROMPT, tokens, 0, int(time.time() * 1000))
        try:
            return _Call(read(said.reply, origin, self._settings.links), "", tokens=tokens)
        except ReplyError as error:
            return _Call(None, str(error), unusable=text, tokens=tokens)


async def _content(response: httpx.Response) -> bytes:
    """The body, if it is one of a reply.

    Raises:
        _TooLongError: It is longer than a reply can be.
    """
    content = bytearray()
    try:
        if response.status_code == 200:
            async for part in response.aiter_raw():
                content += part
                if len(content) > BODY_MAX_BYTES:
                    raise _TooLongError
    finally:
        await hang_up(response)
    return bytes(content)


def _refused(response: httpx.Response) -> _Call:
    status = response.status_code
    headers = {name.lower(): value for name, value in response.headers.items()}
    pause_ms = retry_after_ms(headers, datetime.now(UTC)) if status in _MAY_NAME_A_TIME else 0
    return _Call(None, f"answered {status}", may_repeat=status in _TRANSIENT, retry_after_ms=pause_ms)


def _tokens(length: int) -> int:
    return length // _CHARS_PER_TOKEN


def _since_ms(began_s: float) -> int:
    return int(1000 * (time.monotonic() - began_s))
