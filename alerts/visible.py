"""What a person sees of a text: without what steers the eye, hides letters or smuggles others along."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import normalize

from alerts.unseen import SELECTORS, WIDTHLESS

# They are marks and letters, so they are printable for Python.
_UNSEEN = re.compile(f"[{SELECTORS}{WIDTHLESS}]")
# A ligature, a fraction. What becomes longer is a whole phrase, which would make a text many times as long.
_PLAIN_MAX_CHARS = 4


def visible(text: str) -> str:
    """The text without control and format characters (bidi, zero width, tags), surrogates, and what has no meaning.

    Letters of another shape become plain ones (NFKC, each by itself): wide and bold ones, ligatures. Line breaks stay;
    every other white space becomes a blank.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_seen, text))


@lru_cache(maxsize=4096)
def _seen(char: str) -> str:
    if char.isprintable():
        plain = _UNSEEN.sub("", normalize("NFKC", char))
        return plain if len(plain) <= _PLAIN_MAX_CHARS else char
    if char in "\n\u0085\u2028\u2029":
        return "\n"
    return " " if char.isspace() else ""


def cut(text: str, max_chars: int) -> str:
    """The whole words among the first characters: of a secret that is cut, the rest might not be known as one."""
    if len(text) <= max_chars:
        return text
    if text[max_chars].isspace():
        return text[:max_chars]
    words = text[:max_chars].rsplit(None, 1)
    return words[0] if len(words) > 1 else ""
