"""Reading a request body: within its limits, in its time, and no further."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import timedelta
from typing import Any

from http_gateway.answers import RefusedError

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]


class DisconnectedError(Exception):
    """The sender went away before it had sent everything."""


async def read(headers: dict[bytes, bytes], receive: Receive, limit_bytes: int, timeout: timedelta) -> bytes:
    """The whole body.

    Raises:
        RefusedError: Not JSON by its headers (415), over the limit (413), or not sent in time (504).
        DisconnectedError: There is nobody left to answer.
    """
    check_type(headers)
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise _too_large(limit_bytes)
    event = await _next(receive, timeout)
    if not event.get("more_body"):
        body: bytes = event.get("body", b"")
        if len(body) > limit_bytes:
            raise _too_large(limit_bytes)
        return body
    return await _rest(event.get("body", b""), receive, limit_bytes, timeout)


async def _rest(first: bytes, receive: Receive, limit_bytes: int, timeout: timedelta) -> bytes:
    parts, size_bytes = [first], len(first)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout.total_seconds()
    more = True
    while more:
        event = await _next(receive, timedelta(seconds=max(0.0, deadline - loop.time())))
        parts.append(event.get("body", b""))
        size_bytes += len(parts[-1])
        if size_bytes > limit_bytes:
            raise _too_large(limit_bytes)
        more = bool(event.get("more_body"))
    return b"".join(parts)


async def _next(receive: Receive, timeout: timedelta) -> Event:
    try:
        async with asyncio.timeout(timeout.total_seconds()):
            event = await receive()
    except TimeoutError:
        raise RefusedError(504, "TIMEOUT_ERROR", "the body did not arrive in time") from None
    if event["type"] == "http.disconnect":
        raise DisconnectedError
    return event


def check_type(headers: dict[bytes, bytes]) -> None:
    """Refuse what is not JSON by its headers; no type at all is accepted.

    Raises:
        RefusedError: 415.
    """
    kind = headers.get(b"content-type", b"").split(b";", 1)[0].strip().lower()
    if kind not in {b"", b"application/json"}:
        raise RefusedError(415, "UNSUPPORTED_MEDIA_TYPE", f"expected application/json, got {kind[:60].decode('latin-1')}")
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding != b"identity":
        raise RefusedError(415, "UNSUPPORTED_MEDIA_TYPE", "expected no content-encoding")


def _too_large(limit_bytes: int) -> RefusedError:
    return RefusedError(413, "PAYLOAD_TOO_LARGE", f"the body is over the limit of {limit_bytes} bytes")
