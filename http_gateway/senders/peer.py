"""Who is at the other end of a connection, as TLS has proved it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from http_gateway.body import Scope

PEER = "winnow.peer"
"""Where `http_gateway/tls/relayed.py` leaves it in the scope."""


class Identity(NamedTuple):
    """What a client's certificate says, once TLS has verified it against the client CA."""

    subject: str
    """As RFC 4514 writes it, the most specific part first: `CN=alertmanager,O=Example`."""
    names: tuple[str, ...] = ()
    """Its subject alternative names: `dns:am.example.com`, `uri:spiffe://a.org/am`, `ip:10.0.0.1`, `email:a@b.c`."""


def peer(scope: Scope) -> Identity | None:
    """The verified identity of a request's connection; None if it gave no certificate."""
    identity: Identity | None = scope.get(PEER)
    return identity
