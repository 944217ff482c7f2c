"""Text from elsewhere, made fit for a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""`text` with everything that is no visible character written as an escape: `\x1b`, `\n`, `\u202e`.

    Escape sequences could rewrite a terminal or type into it; direction marks could reorder a line.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
