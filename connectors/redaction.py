"""Keeps the secrets of the configuration out of what this process writes.

No code writes them on purpose; this is for what nobody thinks of: the text of a library's error, a traceback.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MASK = "[secret]"
_hidden: set[str] = set()


def hide(secrets: Iterable[str]) -> None:
    """From now on these are masked, those hidden before too."""
    for secret in secrets:
        # As it is, and as it stands in JSON and in a repr.
        _hidden.update({secret, json.dumps(secret)[1:-1], repr(secret)[1:-1]})


def redacted(text: str) -> str:
    """The text without secrets."""
    # To look costs a line in which there is none less than a microsecond.
    found = [secret for secret in _hidden if secret in text]
    for secret in sorted(found, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    return text
