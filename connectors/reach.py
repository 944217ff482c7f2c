"""Whether an address answers, by the rules for targets and without telling it anything."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from typing import TYPE_CHECKING, NamedTuple

import httpx
from httpx_aiohttp import AiohttpTransport
from yarl import URL

from alerts.errors import WinnowError
from connectors import egress
from connectors.exchange import hang_up, is_final, reason
from connectors.names import UnhurriedResolver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.abc import AbstractResolver

_BODY_MAX_BYTES = 1024 * 1024


class UnreachableError(WinnowError):
    """It does not answer; the text says why and holds no secret."""

    def __init__(self, message: str, *, is_refused: bool = False) -> None:
        super().__init__(message)
        self.is_refused = is_refused
        """It is winnow.yaml that is to be changed: the address may not be connected to, or is none."""


class Reached(NamedTuple):
    """A connection that was made and closed again."""

    how: str
    """`TCP` or `TCP and TLS`."""
    took_ms: int


class Page(NamedTuple):
    """What was answered to a GET."""

    status: int
    content: bytes


async def connect(
    url: str, timeout_s: float, *, allow_private: bool, resolver: AbstractResolver | None = None
) -> Reached:
    """Connect, shake hands if it is https, and hang up; not a byte of HTTP is sent.

    Raises:
        UnreachableError: It cannot be connected to, or may not be.
    """
    parts = URL(url)
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(timeout_s):
            await _shake_hands(parts, egress.Egress(allow_private=allow_private), resolver)
    except TimeoutError as error:
        raise UnreachableError(f"no answer within {timeout_s:g} s") from error
    except Exception as error:  # aiohttp, TLS and DNS raise many kinds; all mean: not reached
        raise _unreachable(error) from error
    return Reached("TCP and TLS" if parts.scheme == "https" else "TCP", int(1000 * (time.monotonic() - began_s)))


async def _shake_hands(url: URL, judge: egress.Egress, resolver: AbstractResolver | None) -> None:
    """Try the addresses of the name one after another.

    Raises:
        OSError: None of them takes the connection.
    """
    host, port = url.raw_host or "", url.port or 0
    egress.check_spelling(host)
    judge.check_host(host)
    asked = egress.Resolver(resolver or UnhurriedResolver(), judge)
    failed: OSError = OSError(f"no address of {host}")
    for found in await asked.resolve(host, port, socket.AF_UNSPEC):
        judge.check(found["host"])
        context = ssl.create_default_context() if url.scheme == "https" else None
        try:
            _, writer = await asyncio.open_connection(
                found["host"], found["port"], ssl=context, server_hostname=host if context else None
            )
        except ssl.SSLError:
            raise
        except OSError as error:
            failed = error
            continue
        writer.transport.abort()
        return
    raise failed


async def get(
    url: str,
    headers: Mapping[str, str],
    timeout_s: float,
    *,
    allow_private: bool,
    resolver: AbstractResolver | None = None,
) -> Page:
    """What a GET that changes nothing is answered; no redirect is followed.

    Raises:
        UnreachableError: Nothing came, or it may not be asked.
    """
    content = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            session = egress.session(allow_private=allow_private, resolver=resolver or UnhurriedResolver())
            async with AiohttpTransport(client=session) as transport:
                response = await transport.handle_async_request(httpx.Request("GET", url, headers=dict(headers)))
                try:
                    async for part in response.aiter_raw():
                        content += part
                        if len(content) > _BODY_MAX_BYTES:
                            break
                finally:
                    await hang_up(response)
                return Page(response.status_code, bytes(content[:_BODY_MAX_BYTES]))
    except TimeoutError as error:
        raise UnreachableError(f"no answer within {timeout_s:g} s") from error
    except Exception as error:  # likewise
        raise _unreachable(error) from error


def _unreachable(error: Exception) -> UnreachableError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return UnreachableError(f"TLS failed: {getattr(cause, 'verify_message', '') or cause.reason}")
        if isinstance(cause, ConnectionRefusedError):
            return UnreachableError("nobody listens there (connection refused)")
        if isinstance(cause, socket.gaierror):
            return UnreachableError(f"its name has no address: {cause.strerror}")
        cause = cause.__cause__ or cause.__context__
    return UnreachableError(reason(error), is_refused=is_final(error))
