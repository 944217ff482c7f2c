"""Halves of UTF-16 pairs: JSON can name them, UTF-8 cannot hold them."""

from __future__ import annotations

import re

_LONE = re.compile("[\ud800-\udfff]")


def without_surrogates(text: str) -> str:
    """The text with U+FFFD for each lone surrogate, as Go reads JSON."""
    return _LONE.sub("\ufffd", text)
