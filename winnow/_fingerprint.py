"""A fingerprint as it is written on the command line."""

from __future__ import annotations

import re

from alerts.errors import WinnowError

_FINGERPRINT = re.compile(r"[0-9a-f]{16}")


def checked(text: str) -> str:
    """The fingerprint in lower case.

    Raises:
        WinnowError: It is none.
    """
    fingerprint = text.lower()
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise WinnowError(f"expected a fingerprint of 16 hex digits, got {text[:40]!r}")
    return fingerprint
