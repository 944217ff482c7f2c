"""Finds the addresses of names in threads that nobody has to wait for when the process ends."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from functools import partial

from aiohttp.abc import AbstractResolver, ResolveResult


class UnhurriedResolver(AbstractResolver):
    """The system's. It can take half a minute to say that no server answers; asyncio's threads would wait for it."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """All addresses of a name.

        Raises:
            OSError: It has none, or nobody can tell.
            ValueError: It is no name of DNS.
        """
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def settle(results: list[ResolveResult], error: Exception | None) -> None:
            if found.cancelled():
                return
            if error is None:
                found.set_result(results)
            else:
                found.set_exception(error)

        def ask() -> None:
            try:
                told = partial(settle, _addresses(host, port, family), None)
            except (OSError, ValueError) as error:  # ValueError: no name of DNS, such as a label that is too long
                told = partial(settle, [], error)
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(told)

        threading.Thread(target=ask, name="names", daemon=True).start()
        return await found

    async def close(self) -> None:
        """There is nothing to close."""


def _addresses(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    return [
        ResolveResult(
            hostname=host, host=str(place[0]), port=port, family=kind, proto=protocol, flags=socket.AI_NUMERICHOST
        )
        for kind, _, protocol, _, place in socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    ]
