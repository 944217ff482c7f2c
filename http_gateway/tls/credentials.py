"""The certificate files of `gateway.tls`: read into a TLS context, checked, looked at for changes."""

from __future__ import annotations

import ssl
import stat
import time
from typing import TYPE_CHECKING, NamedTuple

from alerts.errors import ConfigError
from http_gateway.tls.validity import not_after

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alerts.config_tls import Tls

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_CLIENTS = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}
# Chains and keys are a few KiB, a bundle of every public CA about 200; more is the wrong file.
_FILE_MAX_BYTES = 4 * 1024**2


class Credentials(NamedTuple):
    """What one reading of the files gave."""

    context: ssl.SSLContext
    expires_s: int
    """When the server's certificate does, in seconds since the epoch."""
    warnings: tuple[str, ...]


class Files:
    """Where the certificates lie."""

    def __init__(self, tls: Tls, folder: Path) -> None:
        """Args: tls: The settings. folder: Where relative paths start."""
        self._tls = tls
        self._cert = folder / tls.cert_file
        self._key = folder / tls.key_file
        self._ca = folder / tls.client_ca_file if tls.client_ca_file else None

    def look(self) -> tuple[object, ...]:
        """Something that differs once a file was changed or another took its place."""
        return tuple(_state(path) for _, path in self._named())

    def read(self) -> Credentials:
        """A context of what the files hold now.

        Raises:
            ConfigError: It cannot be used; every fault, one a line.
        """
        faults = [f"gateway.tls.{field}: {path}: {fault}" for field, path in self._named() if (fault := _fault(path))]
        if faults:
            raise ConfigError("\n".join(faults))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = _VERSIONS[self._tls.min_version]
        # What is spoken behind it; and no renegotiation, by which a client makes a server work for nothing.
        context.set_alpn_protocols(["http/1.1"])
        context.options |= ssl.OP_NO_RENEGOTIATION
        self._load_pair(context)
        self._load_ca(context)
        expires_s = self._expires_s()
        return Credentials(context, expires_s, tuple(self._warnings(expires_s)))

    def _named(self) -> Iterator[tuple[str, Path]]:
        yield "cert_file", self._cert
        yield "key_file", self._key
        if self._ca is not None:
            yield "client_ca_file", self._ca

    def _load_pair(self, context: ssl.SSLContext) -> None:
        try:
            # Without a function OpenSSL asks on the terminal for the password of a key that has one.
            context.load_cert_chain(self._cert, self._key, password=_no_password)
        except (ssl.SSLError, ValueError) as error:
            raise ConfigError(f"gateway.tls: {_pair_fault(error)} ({self._cert}, {self._key})") from None

    def _load_ca(self, context: ssl.SSLContext) -> None:
        context.verify_mode = _CLIENTS[self._tls.client]
        if self._ca is None:
            return
        try:
            context.load_verify_locations(self._ca)
        except ssl.SSLError:
            raise ConfigError(f"gateway.tls.client_ca_file: {self._ca}: expected certificates as PEM") from None
        # What the operator put into the file is trusted, also where it is no root.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN

    def _expires_s(self) -> int:
        try:
            return int(not_after(self._cert.read_text("ascii", "replace")).timestamp())
        except (OSError, ValueError) as error:
            raise ConfigError(f"gateway.tls.cert_file: {self._cert}: {error}") from None

    def _warnings(self, expires_s: int) -> Iterator[str]:
        if expires_s <= time.time():
            yield f"gateway.tls.cert_file: {self._cert}: has expired"
        if self._key.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
            yield f"gateway.tls.key_file: {self._key}: others may read it (chmod o-rwx)"


def _state(path: Path) -> object:
    try:
        found = path.stat()
    except OSError as error:
        return error.errno
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _fault(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            size_bytes = len(file.read(_FILE_MAX_BYTES + 1))
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if size_bytes <= _FILE_MAX_BYTES else f"expected at most {_FILE_MAX_BYTES} bytes"


def _no_password() -> str:
    raise ValueError("the key has a password; write one without, readable by Winnow alone")


def _pair_fault(error: ssl.SSLError | ValueError) -> str:
    """OpenSSL's reasons in words."""
    if not isinstance(error, ssl.SSLError):
        return str(error)
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key does not belong to the certificate"
    return f"expected a certificate and its key as PEM ({error.reason or 'neither was found'})"
