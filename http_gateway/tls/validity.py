"""Until when a certificate is valid.

The standard library tells it of a peer's certificate only, so the few fields before it are stepped over here.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_SEQUENCE, _VERSION = 0x30, 0xA0
_UTC_TIME = 0x17


def not_after(pem: str) -> datetime:
    """When the first certificate of a PEM text expires.

    Raises:
        ValueError: There is none in it.

    Source: RFC 5280 section 4.1; DER: X.690.
    """
    begin, end = pem.find(_BEGIN), pem.find(_END)
    if begin < 0 or end < begin:
        raise ValueError("no certificate in it")
    try:
        return _not_after(ssl.PEM_cert_to_DER_cert(pem[begin : end + len(_END)]))
    except (IndexError, ValueError):
        raise ValueError("its first certificate cannot be read") from None


def _not_after(der: bytes) -> datetime:
    _, body, _ = _value(der, 0)  # Certificate
    at = _value(der, body)[1]  # tbsCertificate
    tag, _, after = _value(der, at)
    if tag == _VERSION:
        at = after
    for _ in range(3):  # serialNumber, signature, issuer
        at = _value(der, at)[2]
    _, at, _ = _value(der, at)  # validity
    at = _value(der, at)[2]  # notBefore
    tag, begin, end = _value(der, at)
    # RFC 5280 section 4.1.2.5.1: two digits of 50 and above are the 20th century; so does strptime, from 69 on.
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(der[begin:end].decode("ascii"), form).replace(tzinfo=UTC)


def _value(der: bytes, at: int) -> tuple[int, int, int]:
    """A value's tag, and where its content begins and ends."""
    tag, size, begin = der[at], der[at + 1], at + 2
    if size >= 0x80:
        more = size & 0x7F
        size, begin = int.from_bytes(der[begin : begin + more]), begin + more
    return tag, begin, begin + size
