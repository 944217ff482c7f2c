"""Where requests may go: every address is judged when it is connected to, after its name has been resolved.

So no name, no answer of a DNS server that changes its mind and no spelling of an address leads into a network that
`allow_private` has not opened. Proxies that only the environment names are not used, and no redirect is followed.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.helpers import is_ip_address

from connectors.egress_table import is_odd, refusal

if TYPE_CHECKING:
    from aiohttp.abc import ResolveResult


_NEVER = "no target may be there"


class RefusedAddressError(OSError):
    """The target is at an address that it may not have; the text is fit to be shown and does not hold the address."""


def session(*, allow_private: bool, resolver: AbstractResolver | None = None) -> aiohttp.ClientSession:
    """A session that connects through `connector`; call it on a running loop."""
    return aiohttp.ClientSession(
        connector=connector(allow_private=allow_private, resolver=resolver),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        trust_env=False,
    )


def connector(*, allow_private: bool, resolver: AbstractResolver | None = None) -> aiohttp.TCPConnector:
    """What connects to public addresses only; call it on a running loop.

    Args:
        allow_private: Whether private and loopback addresses are open too.
        resolver: What finds the addresses of a name; None: the system's.
    """
    egress = Egress(allow_private=allow_private)
    found = Resolver(resolver or aiohttp.ThreadedResolver(), egress)
    return aiohttp.TCPConnector(limit=0, resolver=found, socket_factory=egress.socket)


def check_spelling(host: str) -> None:
    """Return unless the host is an IPv4 address in an odd spelling.

    Raises:
        RefusedAddressError: It is.
    """
    if is_odd(host):
        raise RefusedAddressError(f"address refused (IPv4, but not as four decimal numbers): {_NEVER}")


class Egress:
    """Judges addresses."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allows_private = allow_private

    def check(self, address: str) -> None:
        """Return if this address may be connected to.

        Raises:
            RefusedAddressError: It may not.
        """
        refused = refusal(address)
        if refused is None or (refused.can_be_allowed and self._allows_private):
            return
        todo = "set allow_private: true on this target if that is meant" if refused.can_be_allowed else _NEVER
        raise RefusedAddressError(f"address refused ({refused.kind}): {todo}")

    def check_host(self, host: str) -> None:
        """Return unless it is known without asking anybody that nothing at this host may be connected to.

        Raises:
            RefusedAddressError: It is an address that may not be connected to, in whatever spelling.
        """
        check_spelling(host)
        literal = "127.0.0.1" if host == "localhost" else host
        if is_ip_address(literal):
            self.check(literal)

    def socket(self, addr_info: tuple[Any, ...]) -> socket.socket:
        """The socket that connects to what `getaddrinfo` found; aiohttp asks for one for each address it tries.

        Raises:
            RefusedAddressError: It must not connect there.
        """
        family, kind, protocol, _, address = addr_info
        self.check(address[0])
        return socket.socket(family, kind, protocol)


class Resolver(AbstractResolver):
    """Finds the addresses of a name and leaves out those that are refused.

    A name with a public and a private address is reached at the public one. The sockets are judged all the same: a
    literal address is never resolved.
    """

    def __init__(self, resolver: AbstractResolver, egress: Egress) -> None:
        self._resolver = resolver
        self._egress = egress

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """What the name resolves to and may be connected to.

        Raises:
            RefusedAddressError: Nothing of it may, or the host is an IPv4 address in an odd spelling.
            OSError: It does not resolve.
        """
        check_spelling(host)
        permitted, refused = [], None
        for found in await self._resolver.resolve(host, port, family):
            try:
                self._egress.check(found["host"])
            except RefusedAddressError as error:
                refused = error
            else:
                permitted.append(found)
        if refused is not None and not permitted:
            raise refused
        return permitted

    async def close(self) -> None:
        """Close what resolves."""
        await self._resolver.close()
