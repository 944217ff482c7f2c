"""How a relay tells a worker who is at the other end: by the name of its own end of the connection between them.

A Unix socket may be bound before it connects, and Granian gives the application that name as the client's. Whoever can
bind a name in the private folder could do anything else there too: it is this user or root.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import NamedTuple

import orjson

from http_gateway.senders.peer import Identity

_PLAIN = "c"
_VERIFIED = "v"


class Sender(NamedTuple):
    """Who is at the other end of a relayed connection."""

    address: tuple[str, int]
    """Its IP address and port; an IPv4 sender's is IPv4 also where it came by an IPv6 socket."""
    identity: Identity | None = None
    """None: it gave no certificate."""
    until_s: int = 0
    """When that certificate expires, in seconds since the epoch."""


class Verified(NamedTuple):
    """What a client certificate says."""

    identity: Identity
    until_s: int


def name(unique: str, address: tuple[str, int], *, is_verified: bool) -> str:
    """The file name of a connection's inner end.

    Args:
        unique: No other connection may have it, not even one that is over: workers remember names.
        address: The sender's.
        is_verified: Whether `write` has been called for this name.
    """
    # 108 bytes is all a socket's path may have (unix(7)): no more than 60 of them here.
    return f"{_VERIFIED if is_verified else _PLAIN}{unique}-{address[1]}-{address[0]}"


def sender(path: str) -> Sender | None:
    """Who is at the other end; None if the name tells nothing, so that nobody may be believed.

    Args:
        path: The client's name as Granian gives it.
    """
    kind, _, rest = path.rpartition("/")[2].partition("-")
    port, _, host = rest.partition("-")
    if kind[:1] not in (_PLAIN, _VERIFIED) or not port.isdigit():
        return None
    address = (host, int(port))
    if kind[0] == _PLAIN:
        return Sender(address)
    verified = _read(Path(path + ".json"))
    return None if verified is None else Sender(address, *verified)


def write(path: Path, verified: Verified) -> Path:
    """Leave for the workers what the certificate says, before the first byte is on its way; returns the file."""
    file = path.with_name(path.name + ".json")
    file.write_bytes(orjson.dumps([*verified.identity, verified.until_s]))
    return file


def _read(file: Path) -> Verified | None:
    try:
        subject, names, until_s = orjson.loads(file.read_bytes())
    except OSError:  # the connection is over, nobody waits for an answer
        return None
    return Verified(Identity(subject, tuple(names)), until_s)


def plain(host: str) -> str:
    """An IP address as the sender has it: no zone, and IPv4 if it is one."""
    address = ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
