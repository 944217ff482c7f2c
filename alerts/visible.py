"""What a person sees of a text: without what steers the eye, hides letters or smuggles others along."""

from __future__ import annotations

# Variation selectors, which no font shows and any text can be written in: they are marks, and printable for Python.
_SELECTORS = frozenset(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))


def visible(text: str) -> str:
    """The text without control and format characters (bidi, zero width, tags), surrogates, and what has no meaning.

    Line breaks stay; every other white space becomes a blank.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join([seen for char in text if (seen := _seen(char))])


def _seen(char: str) -> str:
    if char.isprintable():
        return "" if char in _SELECTORS else char
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
