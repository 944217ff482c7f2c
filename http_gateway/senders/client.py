"""Whose address a request comes from: the connection's, or what a trusted proxy says of it."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.config_sources import Network
    from http_gateway.body import Scope

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"

_FORWARDED = b"x-forwarded-for"
# More proxies than that stand one behind the other nowhere; and each costs.
_HOPS_MAX = 32
_REMEMBERED = 4096
# What is longer is no address, and would fill the memory of those.
_TEXT_MAX_CHARS = 100


def parse(text: str) -> Address | None:
    """An address as proxies and sockets write it, perhaps with brackets and a port; None if it is none.

    One of IPv4 that is written as one of IPv6 (`::ffff:10.0.0.1`) is the one of IPv4.
    """
    return _parse(text) if len(text) <= _TEXT_MAX_CHARS else None


@lru_cache(maxsize=_REMEMBERED)
def _parse(text: str) -> Address | None:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


class Networks:
    """Some addresses and networks."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)
        # A sender has one address, and looking at a network costs a microsecond.
        self._look = lru_cache(maxsize=_REMEMBERED)(self._find)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, address: Address | None) -> bool:
        return address is not None and self._look(address)

    def _find(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


class Clients:
    """Finds the address of a request's sender."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = Networks(trusted)

    def address(self, scope: Scope) -> Address | None:
        """The sender's; None if nobody can say.

        From a trusted proxy it is the last address of X-Forwarded-For that is no trusted proxy's: what stands before it
        anybody may have written. All are trusted ones: the first, that one sends itself.
        """
        client = scope.get("client")
        address = parse(client[0]) if client else None
        if not self._trusted or address not in self._trusted:
            return address
        # A header that is there several times is one list (RFC 9110, section 5.3).
        lines = [value for name, value in scope["headers"] if name == _FORWARDED]
        entries = b",".join(lines).decode("latin-1").split(",") if lines else []
        for entry in reversed(entries[-_HOPS_MAX:]):
            address = parse(entry)
            if address not in self._trusted:
                return address
        return address
