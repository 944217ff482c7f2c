"""Certificates for tests, made when they run."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import trustme

if TYPE_CHECKING:
    from pathlib import Path

# So that the clocks of two processes may differ.
_BEGAN_AGO = timedelta(days=2)


class Pair(NamedTuple):
    """Files of a certificate and its key."""

    cert: Path
    key: Path


class Authority:
    """Issues certificates into a folder."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._authority = trustme.CA(organization_name="Example")
        self._folder = folder
        self.file = folder / f"{name}.pem"
        self._authority.cert_pem.write_to_path(self.file)

    def issue(self, name: str, *identities: str, subject: str = "", ends: timedelta = timedelta(days=1)) -> Pair:
        """A certificate for these identities, into files of this name; those that were there are replaced at once."""
        now = datetime.now(UTC)
        issued = self._authority.issue_cert(
            *identities,
            common_name=subject or None,
            not_before=now - _BEGAN_AGO,
            not_after=now + ends,
        )
        pair = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        new = Pair(self._folder / f"{name}.pem.new", self._folder / f"{name}.key.new")
        new.cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        new.key.touch(mode=0o600)
        issued.private_key_pem.write_to_path(new.key)
        new.cert.rename(pair.cert)
        new.key.rename(pair.key)
        return pair

    def itself(self) -> Pair:
        """Its own certificate and key, which it has signed by itself."""
        key = self.file.with_suffix(".key")
        self._authority.private_key_pem.write_to_path(key)
        return Pair(self.file, key)

    def context(self, client: Pair | None = None) -> ssl.SSLContext:
        """What trusts this authority; with a certificate to show, if one is given."""
        context = ssl.create_default_context(cafile=self.file)
        if client is not None:
            context.load_cert_chain(*client)
        return context
