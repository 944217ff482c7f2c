"""Secrets that a request carries in a header: bearer token, basic auth, API key."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from alerts.config_sources import header_text, secret_text
from http_gateway.senders.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config_sources import Source
    from http_gateway.senders.secret_files import SecretFiles

Given = dict[bytes, bytes]


class Place(NamedTuple):
    """Where a request carries a secret."""

    header: bytes
    scheme: bytes
    """In lower case, with a space; empty outside of Authorization."""

    def digest(self, given: Given) -> bytes | None:
        """The digest of what stands there: so that comparing tells nothing of lengths; None if nothing does."""
        value = given.get(self.header)
        if value is None:
            return None
        if self.scheme:
            size = len(self.scheme)
            if value[:size].lower() != self.scheme:
                return None
            value = value[size:].strip(b" ")
        return sha256(value).digest()


class Credential(NamedTuple):
    """What must stand in one place."""

    place: Place
    secrets: Secrets


BEARER = Place(b"authorization", b"bearer ")
BASIC = Place(b"authorization", b"basic ")


def credentials(source: Source, files: SecretFiles) -> Iterator[Credential]:
    """All that a request of this source must carry in headers."""
    if source.bearer:
        yield Credential(BEARER, Secrets((source.bearer.token, source.bearer.previous), _carried, files))
    if source.basic:
        user = source.basic.user

        def pair(password: str) -> bytes:
            # RFC 7617: user and password in base64; UTF-8 is what senders use today.
            return sha256(base64.b64encode(f"{user}:{secret_text(password)}".encode())).digest()

        yield Credential(BASIC, Secrets((source.basic.password, source.basic.previous), pair, files))
    if source.api_key:
        place = Place(source.api_key.header.encode(), b"")
        yield Credential(place, Secrets((source.api_key.key, source.api_key.previous), _carried, files))


def _carried(text: str) -> bytes:
    return sha256(header_text(text).encode()).digest()
