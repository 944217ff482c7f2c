"""What a verified client certificate says, out of the standard library's form of it."""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from typing import TYPE_CHECKING

from http_gateway.senders.peer import Identity
from http_gateway.tls.names import Verified

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# RFC 4514 section 3; others are written by the name OpenSSL gives them.
_SHORT = {
    "commonName": "CN",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "streetAddress": "STREET",
    "domainComponent": "DC",
    "userId": "UID",
}
_KINDS = {"DNS": "dns", "URI": "uri", "IP Address": "ip", "email": "email"}
_SPECIAL = frozenset('"+,;<>\\')


def verified(certificate: Mapping[str, object]) -> Verified:
    """Subject, alternative names and end of a certificate.

    Args:
        certificate: As `SSLObject.getpeercert()` gives it, which is only if it has been verified.
    """
    parts = [_part(part) for part in _list(certificate.get("subject", ()))]
    names = [(str(kind), str(value)) for kind, value in _list(certificate.get("subjectAltName", ()))]
    told = tuple(f"{_KINDS[kind]}:{_canonical(kind, value)}" for kind, value in names if kind in _KINDS)
    until_s = int(ssl.cert_time_to_seconds(str(certificate["notAfter"])))
    return Verified(Identity(",".join(reversed(parts)), told), until_s)


def _canonical(kind: str, value: str) -> str:
    """OpenSSL writes IPv6 addresses at full length and in capitals."""
    return str(ip_address(value.strip())) if kind == "IP Address" else value


def _list(value: object) -> Iterable[tuple[object, ...]]:
    assert isinstance(value, tuple)
    return value


def _part(attributes: tuple[object, ...]) -> str:
    return "+".join(f"{_SHORT.get(key, key)}={_escaped(value)}" for key, value in _pairs(attributes))


def _pairs(attributes: tuple[object, ...]) -> Iterable[tuple[str, str]]:
    return ((str(key), str(value)) for key, value in _list(attributes))


def _escaped(value: str) -> str:
    """So that no value can look like several: RFC 4514 section 2.4."""
    text = "".join(f"\\{char}" if char in _SPECIAL else char for char in value).replace("\0", "\\00")
    if text[:1] in (" ", "#"):
        text = "\\" + text
    return text[:-1] + "\\ " if len(value) > 1 and value.endswith(" ") else text
