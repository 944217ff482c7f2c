"""What a request has been admitted with, before and after its body was there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from http_gateway.senders.guard import Facts, Guard
    from http_gateway.senders.signatures import Claim


class Sender(NamedTuple):
    """Whose request it is."""

    source: str
    replay_key: bytes | None = None
    """To be released if the request is not stored."""


class Ticket(NamedTuple):
    """What admits a request whose body has not been read."""

    sender: Sender | None
    """None: only a signature can tell."""
    facts: Facts | None = None
    """Of the request; there while its sender is None."""
    claims: tuple[tuple[Guard, Claim], ...] = ()
    """The signatures to look at, in the order of the file."""
    otherwise: Guard | None = None
    """Whose it is if none of them is true."""
