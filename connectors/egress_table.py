"""Which addresses a target may have: tables of our own, as Python's `is_global` changes with its versions.

Source: https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry; the addresses of
metadata services are those of the cloud providers' own documents.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import NamedTuple


class Refusal(NamedTuple):
    """Why an address may not be connected to."""

    kind: str
    """What the address is: `loopback`."""
    can_be_allowed: bool
    """Whether `allow_private: true` opens it."""


def _table(text: str) -> list[tuple[IPv4Network | IPv6Network, str]]:
    rows = (line.split(None, 1) for line in text.strip().splitlines())
    return [(ip_network(network), kind.strip()) for network, kind in rows]


PRIVATE = frozenset({"loopback", "private", "shared (CGNAT)", "unique local"})
"""What `allow_private: true` opens: where targets in a cluster are. Nobody's receiver is at any of the others."""

# The first that holds names it. Metadata services hand credentials to whoever asks, so they stand before the networks
# they lie in, and `allow_private` does not open them: 169.254.169.254 (AWS, GCP, Azure and others) is link-local,
# which stays shut as a whole; these are not.
_IPV4 = _table("""
    100.100.100.200/32    cloud metadata
    168.63.129.16/32      cloud metadata
    192.0.0.192/32        cloud metadata
    0.0.0.0/32            unspecified
    0.0.0.0/8             this network
    10.0.0.0/8            private
    100.64.0.0/10         shared (CGNAT)
    127.0.0.0/8           loopback
    169.254.0.0/16        link-local
    172.16.0.0/12         private
    192.0.0.0/24          protocol assignments
    192.0.2.0/24          documentation
    192.31.196.0/24       AS112
    192.52.193.0/24       AMT
    192.88.99.0/24        6to4 relay
    192.168.0.0/16        private
    192.175.48.0/24       AS112
    198.18.0.0/15         benchmark
    198.51.100.0/24       documentation
    203.0.113.0/24        documentation
    224.0.0.0/4           multicast
    255.255.255.255/32    broadcast
    240.0.0.0/4           reserved
""")

# What embeds an IPv4 address is judged by it further down; here stands what is refused whatever it embeds.
_IPV6 = _table("""
    fd00:ec2::254/128     cloud metadata
    fd20:ce::254/128      cloud metadata
    ::/128                unspecified
    ::1/128               loopback
    ::/96                 IPv4-compatible
    64:ff9b:1::/48        local NAT64
    100::/64              discard
    2001::/32             Teredo
    2001:2::/48           benchmark
    2001:db8::/32         documentation
    2001::/23             protocol assignments
    2620:4f:8000::/48     AS112
    3fff::/20             documentation
    fc00::/7              unique local
    fe80::/10             link-local
    fec0::/10             site-local
    ff00::/8              multicast
""")

_GLOBAL = IPv6Network("2000::/3")
_CARRIERS = (
    (IPv6Network("::ffff:0:0/96"), 0, "IPv4-mapped IPv6"),
    (IPv6Network("64:ff9b::/96"), 0, "NAT64"),
    (IPv6Network("2002::/16"), 80, "6to4"),
)
"""Prefix, how far from the end the IPv4 address stands, name."""

# As WHATWG's URL standard decides that a host is meant as IPv4: its last part is a number, maybe in hex.
_ENDS_IN_NUMBER = re.compile(r"(?:^|\.)(?:\d+|0[xX][0-9a-fA-F]*)\.?$")


def refusal(address: str) -> Refusal | None:
    """Why nothing may connect to this address; None if it is a public one.

    Args:
        address: What is about to be connected to, IPv4 or IPv6 in text. What is no address is refused.
    """
    if "%" in address:
        return Refusal("with a zone", can_be_allowed=False)
    try:
        parsed: IPv4Address | IPv6Address = IPv6Address(address) if ":" in address else IPv4Address(address)
    except AddressValueError:
        return Refusal("in no usual spelling", can_be_allowed=False)
    carried, how = _carried(parsed)
    kind = _kind(carried)
    return None if kind is None else Refusal(f"{kind}{how}", kind in PRIVATE)


def is_odd(host: str) -> bool:
    """Whether a host is meant as IPv4 but not as four decimal numbers: `0x7f.1`, `2130706433`, `0177.0.0.1`.

    Programs disagree about what those are, which is what they are used for.
    """
    if not _ENDS_IN_NUMBER.search(host):
        return False
    try:
        IPv4Address(host)
    except AddressValueError:
        return True
    return False


def _carried(address: IPv4Address | IPv6Address) -> tuple[IPv4Address | IPv6Address, str]:
    """What an address that carries an IPv4 address leads to, and how that is called; else the address itself.

    NAT64 is how clusters without IPv4 reach every IPv4 address, public ones and `64:ff9b::7f00:1`.
    """
    if isinstance(address, IPv6Address):
        for prefix, shift, how in _CARRIERS:
            if address in prefix:
                return IPv4Address(int(address) >> shift & 0xFFFFFFFF), f" in {how}"
    return address, ""


def _kind(address: IPv4Address | IPv6Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _IPV4 if address in network), None)
    found = next((kind for network, kind in _IPV6 if address in network), None)
    return found or (None if address in _GLOBAL else "reserved")
