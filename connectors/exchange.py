"""What a request to another system comes to: why it failed, in words that hold no secret, and when to come again."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import aiohttp
import httpx

from connectors import egress

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLOSE_MAX_S = 0.1

# A day: more is a slip, and the lane bounds it by the delivery's deadline anyway.
_RETRY_AFTER_MAX_S = 86_400
_DIGITS_MAX = 12

_FINAL = (egress.RefusedAddressError, aiohttp.InvalidURL, httpx.InvalidURL)


def is_final(error: Exception) -> bool:
    """Whether it is winnow.yaml that is to be changed: an address that is refused, or none at all."""
    return any(isinstance(cause, _FINAL) for cause in _causes(error))


async def hang_up(response: httpx.Response) -> None:
    """Give up what has not come of an answer yet, and the connection with it; never raises."""
    with contextlib.suppress(Exception):
        # It waits until the request's own body is sent, which a server that answers early may never read.
        async with asyncio.timeout(_CLOSE_MAX_S):
            await response.aclose()


def reason(error: Exception) -> str:
    """Why, without the URL: the texts of aiohttp's errors name hosts, and a URL can be a secret."""
    for cause in _causes(error):
        if isinstance(cause, egress.RefusedAddressError):
            return str(cause)
        if isinstance(cause, aiohttp.InvalidURL | httpx.InvalidURL):
            return "the URL names no host that could be asked (IPv4 is written as four decimal numbers)"
        if isinstance(cause, OSError) and cause.strerror and cause.errno:
            return f"{type(cause).__name__} (errno {cause.errno})"
        if isinstance(cause, aiohttp.ServerDisconnectedError):
            # The transport calls it a ConnectTimeout.
            return type(cause).__name__
    return type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came of."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def retry_after_ms(headers: dict[str, str], now: datetime) -> int:
    """`Retry-After`, seconds or a date, as milliseconds from `now`; 0 if absent, past or neither.

    Source: RFC 9110, section 10.2.3
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return 0
    if text.isascii() and text.isdigit():
        asked_s = float(text[:_DIGITS_MAX])
    else:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return 0
        asked_s = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return int(1000 * min(max(asked_s, 0), _RETRY_AFTER_MAX_S))
