"""Visits the address with which a sender wants its subscription confirmed (`alerts.sns` says which may be)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import structlog
from yarl import URL

from connectors import egress
from http_gateway.answers import unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()

# Amazon SNS waits 15 s for the answer to its own request, and sends it again after a 503.
_TIMEOUT_S = 5.0


def _public() -> aiohttp.ClientSession:
    return egress.session(allow_private=False)


async def confirm(url: str, what: str, session: Callable[[], aiohttp.ClientSession] = _public) -> None:
    """Visit `url`, which nobody is shown: it holds a token; `what` is for the log.

    Raises:
        RefusedError: 503, if it was not answered 2xx.
    """
    try:
        async with asyncio.timeout(_TIMEOUT_S), session() as opened:
            response = await opened.get(URL(url, encoded=True), allow_redirects=False)
            reason = "" if 200 <= response.status < 300 else f"answered {response.status}"
    except TimeoutError:
        reason = f"no answer within {_TIMEOUT_S:g} s"
    except (aiohttp.ClientError, OSError) as error:  # their texts name the address
        reason = f"no connection ({type(error).__name__})"
    if reason:
        log.warning("subscription_unconfirmed", what=what, reason=reason)
        raise unavailable(f"the subscription could not be confirmed: {reason}")
    log.info("subscription_confirmed", what=what)
