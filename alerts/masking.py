"""What is left of an alert's text when all that differs from one alert to the next is taken out. Pure.

Numbers, times, hashes, addresses and ids become marks, so that texts of one rule are equal. Nothing here asks which
digit stands somewhere: a text and the same text with every digit as 0 become the same. Each match takes some
microseconds, so a text that was made of nothing else ends where one mask has met `MATCHES_MAX`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alerts.matcher_regex import compile_search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from alerts.matcher_regex import Search

    Mark = Callable[[re.Match[bytes]], bytes]

_DAY = r"(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?"
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?(?:[AaPp][Mm]|Z|UTC|GMT|CES?T)\b|\s?[+-]\d\d:?\d\d\b)*"
_DATE = (
    rf"\d{{4}}-\d\d-\d\d|\d{{1,4}}/\d{{1,2}}/\d{{1,4}}|\b(?:{_DAY},? )?"
    rf"(?:\d{{1,2}} {_MONTH}|{_MONTH} {{1,2}}\d{{1,2}})\b(?:,? \d{{4}})?"
)
# The letters that Kubernetes draws names from: k8s.io/apimachinery/pkg/util/rand.
_DRAWN = r"[bcdfghjklmnpqrstvwxz\d]"
_UNIT = r"(?:ns|us|µs|μs|ms|s|m|h|d|w|y|sec|secs|seconds?|mins?|minutes?|hours?|days?|weeks?)"
_HEX_WITHOUT_DIGIT_LEAST_CHARS = 16
_HEXTETS = re.compile(rb"[\da-f]{1,4}(?::[\da-f]{1,4})*+", re.IGNORECASE)
_GROUPS = 8
MATCHES_MAX = 64
"""Of one mask in one text; what stands behind so many is left out."""


def masked(text: str) -> str:
    """The text with marks in it: `<time>`, `<id>`, `<hash>`, `<address>`, `<n>`; it holds no surrogates."""
    if not text.isascii():
        text = "".join(["0" if char.isdecimal() else char for char in text])
    return _with(_MASKS, text)


def without_ids(value: str) -> str:
    """The value of a label with marks for what never means anything: `<id>`, `<address>`; its numbers may."""
    return _with(_IDS, value)


def _with(masks: Iterable[tuple[Search, Mark]], text: str) -> str:
    utf8 = text.encode()
    for search, mark in masks:
        utf8 = _replaced(search, mark, utf8)
    return utf8.decode()


def _replaced(search: Search, mark: Mark, utf8: bytes) -> bytes:
    parts: list[bytes] = []
    at = 0
    for found in search.finditer(utf8):
        start, end = found.span()
        parts += utf8[at:start], mark(found)
        at = end
        if len(parts) == 2 * MATCHES_MAX:
            return b"".join(parts)
    return b"".join(parts) + utf8[at:]


def _always(mark: bytes) -> Mark:
    return lambda _: mark


def _behind(mark: bytes) -> Mark:
    return lambda found: found[1] + mark


def _hash(found: re.Match[bytes]) -> bytes:
    word = found[0]
    if word.isdigit() or (word.isalpha() and len(word) < _HEX_WITHOUT_DIGIT_LEAST_CHARS):
        return word  # a number, or a word such as `facade`
    return b"<hash>"


def _ipv6(found: re.Match[bytes]) -> bytes:
    """Eight groups of four hex digits at most, or fewer where `::` stands for some: RFC 4291, section 2.2."""
    halves = found[1].split(b"::")
    groups = found[1].count(b":") + 1
    if len(halves) > 2 or (groups != _GROUPS if len(halves) == 1 else groups > _GROUPS + (b"" in halves)):
        return found[0]
    return b"<address>" if any(halves) and all(not half or _HEXTETS.fullmatch(half) for half in halves) else found[0]


def _drawn(found: re.Match[bytes]) -> bytes:
    """Five digits are a number as any other, and five letters may be a word: https, mssql."""
    word = found[0][2:]
    return found[0] if word.isdigit() or word.isalpha() else found[1] + b"-<id>"


def _compiled(*masks: tuple[str, Mark]) -> tuple[tuple[Search, Mark], ...]:
    return tuple((compile_search(pattern), mark) for pattern, mark in masks)


_UUID = (r"(?i)\b[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b", _always(b"<id>"))
_MAC = (r"(?i)\b(?:[\da-f]{2}[:-]){5}[\da-f]{2}\b", _always(b"<address>"))
_IPV4 = (r"\d{1,3}(?:\.\d{1,3}){3}(?::\d+|/\d+)?", _always(b"<address>"))
_POD = (rf"([a-z\d])-{_DRAWN}{{8,10}}-{_DRAWN}{{5}}\b", _drawn)

_IDS = _compiled(_UUID, _MAC, _IPV4, _POD)
_MASKS = _compiled(
    _UUID,
    _MAC,
    (r"(?i)([\da-z_]*(?::[\da-z_]*){2,8})(?:\.\d{1,3}){0,3}", _ipv6),
    _IPV4,
    (rf"(?:{_DATE})(?:,?[T ]{_CLOCK})?|\b{_CLOCK}", _always(b"<time>")),
    _POD,
    (rf"([a-z\d])-{_DRAWN}{{5}}\b", _drawn),
    (r"(?i)\b(?:sha\d+:[\da-f]+|\dx[\da-f]{4,})\b", _always(b"<hash>")),
    (r"(?i)\b[\da-f]{7,}\b", _hash),
    (rf"\d+(?:[.,]\d+)*\s?{_UNIT}(?:\s?\d+(?:\.\d+)?{_UNIT})*\b", _always(b"<time>")),
    (r"(^|[\s(\[=:<>~])[+-]?(?:(?i:inf|nan)\b|\d+)", _behind(b"<n>")),
    (r"(?:<n>|\d+)(?:[.,]?\d+)*(?:[eE][+-]?\d+)?(?:[kKMGTPEZYmunpf]i?\b)?", _always(b"<n>")),
)
