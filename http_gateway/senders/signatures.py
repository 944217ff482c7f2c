"""Signatures of bodies: what Grafana, GitHub and Standard Webhooks send, all HMAC with SHA-256."""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, Protocol

from alerts.config_sources import secret_text, signing_key
from http_gateway.senders.secrets import Secrets

if TYPE_CHECKING:
    from alerts.config_sources import Hmac
    from http_gateway.senders.credentials import Given
    from http_gateway.senders.secret_files import SecretFiles

# The reference library of Standard Webhooks: both ways.
WINDOW_S = 300
# One for each key of a rotation; who sends more wants the comparing.
_SIGNATURES_MAX = 8
_ID_MAX_BYTES = 256

HEADERS = {
    "github": "x-hub-signature-256",
    "grafana": "x-grafana-alerting-signature",
    "standard-webhooks": "webhook-signature",
}
"""Which header holds a signature, by flavour, where winnow.yaml names no other."""


class Claim(NamedTuple):
    """What the headers of a request say of its signature; whether it is true the body tells."""

    signatures: tuple[bytes, ...]
    before: bytes
    """What is signed before the body."""
    signed_s: int | None = None
    """When, in seconds since the epoch; None if the flavour does not say."""
    id: bytes | None = None
    """The same for no two requests of an honest sender, and part of what is signed."""

    def is_timely(self, now_s: float) -> bool:
        """Whether it was signed at about this time."""
        return self.signed_s is None or abs(now_s - self.signed_s) <= WINDOW_S


class Flavour(Protocol):
    """How a sender signs."""

    def claim(self, given: Given) -> Claim | None:
        """What the headers claim; None if they claim nothing, or nothing that could be true."""


class Hexadecimal:
    """One signature in hex digits: Grafana's, perhaps with a timestamp, and GitHub's with its prefix.

    Source: https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/,
    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    """

    def __init__(self, header: str, prefix: bytes = b"", timestamp_header: str | None = None) -> None:
        self._header = header.encode()
        self._prefix = prefix
        self._timestamp_header = timestamp_header.encode() if timestamp_header else None

    def claim(self, given: Given) -> Claim | None:
        """See Flavour."""
        value = given.get(self._header, b"")
        if not value.startswith(self._prefix):
            return None
        signature = _unhex(value[len(self._prefix) :])
        if signature is None:
            return None
        if self._timestamp_header is None:
            return Claim((signature,), b"")
        timestamp = given.get(self._timestamp_header, b"")
        signed_s = _seconds(timestamp)
        # The signature is the id: what is signed at another second has another.
        return None if signed_s is None else Claim((signature,), timestamp + b":", signed_s, signature)


class StandardWebhooks:
    """`webhook-id`, `webhook-timestamp` and `webhook-signature`.

    Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """

    def claim(self, given: Given) -> Claim | None:
        """See Flavour."""
        id_ = given.get(b"webhook-id", b"")
        timestamp = given.get(b"webhook-timestamp", b"")
        signed_s = _seconds(timestamp)
        # A dot in the id could shift the boundary between it and the time.
        if not 0 < len(id_) <= _ID_MAX_BYTES or b"." in id_ or signed_s is None:
            return None
        words = given.get(b"webhook-signature", b"").split(b" ", _SIGNATURES_MAX)[:_SIGNATURES_MAX]
        found = [_unbase64(word[3:]) for word in words if word.startswith(b"v1,")]
        signatures = tuple(signature for signature in found if signature is not None)
        # An honest sender keeps the id when it tries again, but signs anew, at its time.
        before = b"%b.%b." % (id_, timestamp)
        return Claim(signatures, before, signed_s, before) if signatures else None


class Signature:
    """What a body must be signed with."""

    def __init__(self, settings: Hmac, files: SecretFiles) -> None:
        self._flavour = _flavour(settings)
        made = signing_key if settings.flavour == "standard-webhooks" else _key
        self._secrets = Secrets((settings.secret, settings.previous), made, files)

    def claim(self, given: Given) -> Claim | None:
        """What the headers claim; None if they claim nothing, or nothing that could be true."""
        return self._flavour.claim(given)

    def holds(self, claim: Claim, body: bytes) -> bool:
        """Whether one of the claimed signatures is that of the body under one of the keys."""
        found = False
        for key in self._secrets.values:
            made = hmac.new(key, claim.before, sha256)
            made.update(body)
            expected = made.digest()
            for signature in claim.signatures:
                found |= hmac.compare_digest(expected, signature)
        return found


def _flavour(settings: Hmac) -> Flavour:
    if settings.flavour == "standard-webhooks":
        return StandardWebhooks()
    if settings.flavour == "github":
        return Hexadecimal(settings.header or HEADERS[settings.flavour], b"sha256=")
    return Hexadecimal(settings.header or HEADERS[settings.flavour], b"", settings.timestamp_header)


def _key(text: str) -> bytes:
    return secret_text(text).encode()


def _seconds(value: bytes) -> int | None:
    return int(value) if value.isdigit() and len(value) <= 12 else None


def _unhex(value: bytes) -> bytes | None:
    try:
        found = binascii.unhexlify(value)
    except ValueError:
        return None
    return found if len(found) == sha256().digest_size else None


def _unbase64(value: bytes) -> bytes | None:
    try:
        found = base64.b64decode(value, validate=True)
    except ValueError:
        return None
    return found if len(found) == sha256().digest_size else None
