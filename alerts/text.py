"""Text for people and for JSON: without what either chokes on, cut at whole characters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import category

from alerts.unseen import CONTROLS, REORDERING, SURROGATES

if TYPE_CHECKING:
    from collections.abc import Callable

_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")
INVISIBLE = re.compile(f"[{CONTROLS}{REORDERING}{SURROGATES}]")

_JOINER = "\u200d"
# Skin tones, and the tags that spell the flags of regions: they belong to the character before them.
_EXTENDERS = re.compile("[\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_FLAG_LETTERS = re.compile("[\U0001f1e6-\U0001f1ff]+$")
# Real clusters have at most about ten code points; what is longer is an attack and may be split.
_CLUSTER_MAX_CHARS = 32


def sendable(text: str) -> str:
    """`text` as JSON and databases take it: no NUL, lone surrogates replaced by U+FFFD."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSENDABLE.sub(_replacement, text)


def printable(text: str) -> str:
    """`text` for people: without control characters (tab and newline stay) and marks that reorder a line."""
    return INVISIBLE.sub(_replacement, text)


def _replacement(found: re.Match[str]) -> str:
    return "\ufffd" if found[0] >= "\ud800" else ""


def one_line(text: str) -> str:
    """`text` for people, all white space one blank."""
    return " ".join(printable(text).split())


def width(text: str) -> int:
    """How many characters `text` has for those who count most: in UTF-16, as JavaScript and Java do."""
    return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)


def cut(text: str, limit: int, written: Callable[[str], str] = str) -> str:
    """`text` as `written` writes it, in at most `limit` characters; "…" stands for what did not fit.

    Args:
        text: Anything.
        limit: In characters as `width` counts them.
        written: An escape that works on each character for itself; it is never cut in the middle.
    """
    if written is str and len(text) <= limit and text.isascii():
        return text  # most of them
    if len(text) <= limit and width(whole := written(text)) <= limit:
        return whole
    return written(text[: _boundary(text, _reach(text, limit - 1, written))]) + "…" if limit > 0 else ""


def _reach(text: str, room: int, written: Callable[[str], str]) -> int:
    """How much of `text` fits into `room`; some of it does not."""
    if written is str and text[: room + 1].isascii():
        return room
    for end, character in enumerate(text):
        room -= len(written(character)) + (character > "\uffff")
        if room < 0:
            return end
    return len(text)


def _boundary(text: str, end: int) -> int:
    """The last place up to `end` that splits no cluster of code points (accents, emoji, flags)."""
    for place in range(end, max(end - _CLUSTER_MAX_CHARS, 0), -1):
        if not _is_joined(text, place):
            return place
    return end


def _is_joined(text: str, place: int) -> bool:
    """Whether the code point at `place` belongs to the one before it."""
    character = text[place]
    if text[place - 1] == _JOINER or category(character)[0] == "M" or _EXTENDERS.match(character):
        return True
    # Two letters make a flag, so it matters how many stand before; no more than a line of flags is looked at.
    flags = _FLAG_LETTERS.search(text[max(place - 2 * _CLUSTER_MAX_CHARS, 0) : place])
    return bool(flags and _FLAG_LETTERS.match(character) and len(flags[0]) % 2)
