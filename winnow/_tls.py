"""How `winnow send` speaks TLS: whom it trusts, and what it shows."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from alerts.errors import WinnowError

if TYPE_CHECKING:
    from pathlib import Path


def context(ca_file: Path | None, cert_file: Path | None, key_file: Path | None) -> ssl.SSLContext:
    """The context of a client.

    Args:
        ca_file: Who may vouch for the server; None: whom the system trusts.
        cert_file: What to show; None: nothing.
        key_file: The key to it; None: it is in the same file.

    Raises:
        WinnowError: A file cannot be used.
    """
    if key_file and not cert_file:
        raise WinnowError("--key: expected --cert with it")
    try:
        made = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise WinnowError(f"--cacert: {ca_file}: {_fault(error)}") from error
    if cert_file:
        try:
            made.load_cert_chain(cert_file, key_file, password=_no_password)
        except (OSError, ValueError) as error:
            raise WinnowError(f"--cert, --key: {cert_file}: {_fault(error)}") from error
    return made


def _fault(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"expected certificates or a key as PEM ({error.reason})"
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"


def _no_password() -> str:
    raise ValueError("the key has a password")
