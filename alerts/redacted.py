r"""Secrets in text that others wrote, by what they look like. Pure; linear in the text's length, for all is RE2.

A pattern names no digit, only `\d`: so a text whose digits all became 0 (flows/templates.py) has the same secrets in
the same places. tests/alerts/test_redacted.py holds it.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from alerts.matcher_regex import compile_search

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alerts.matcher_regex import Search

    Span = tuple[int, int]

SECRET = b"<secret>"
"""What stands where one was."""
HIDDEN = b"0"
"""What stands where something stood that is no secret, but not to be shown: a number like any other."""
MATCHES_MAX = 16
"""Of one pattern in one text; whatever stands behind so many is taken for secret, for each takes some microseconds."""

_NAME = (
    r"(?:pass(?:word|wd|phrase|code)|passwd|pwd|secret|token|credentials?|api[_. -]?key|access[_. -]?key"
    r"|account[_. -]?key|auth[_. -]?key|private[_. -]?key"
    r"|encryption[_. -]?key|signing[_. -]?key|shared[_. -]?key|routing[_. -]?key"
    r"|integration[_. -]?key|session[_. -]?(?:id|key)|connection[_. -]?string|signature)"
)
_SAYS = r"[\w.-]*[\\\"'`\])}]*\s*(?::=|=>|->|→|[:=]|\s(?:is|was):?\s)\s*"
_SCHEME = r"(?:bearer|basic|token|genie-?key|apikey|sso-key)"
_VALUE = r"""(?:\\*"[^"]*(?:"|\z)|\\*'[^']*(?:'|\z)|`[^`]*(?:`|\z)|\S+)"""

PATTERNS: dict[str, str] = {
    "private_key": r"(?is)-----BEGIN[^-]*PRIVATE KEY[^-]*-----.*?(?:-----END[^-]*-----|\z)",
    # To the end of the line: what follows the scheme has parts.
    "header": r"(?i)\b(?:authorization|(?:set-)?cookie|x-[a-z-]*(?:token|key|secret|auth))\b[\\\"'\]]*\s*[:=][^\n]*",
    "url_user": r"(?i)(?P<keep>\b[a-z][a-z\d+.-]*://)[^\s\"'<>]*@",
    "user_password": r"(?P<keep>(?:^|[\s\"'(=,;])[\w.%+-]+:)[^\s@/\"']+(?:@)",
    "webhook": r"(?i)(?P<keep>\b(?:hooks\.slack\.com|discord(?:app)?\.com/api/webhooks|[a-z\d.-]*webhook\.office\.com"
    r"|api\.telegram\.org/bot|[a-z\d.-]*logic\.azure\.com|events\.pagerduty\.com/integration|chat\.googleapis\.com"
    r"|hooks\.zapier\.com|[a-z\d.-]*opsgenie\.com/v\d+/json|alertmanager-webhook\.rootly\.com))[^\s\"'<>)]+",
    "named": rf"(?i)(?P<keep>[\w.-]*{_NAME}{_SAYS}(?:[\w.-]*{_NAME}{_SAYS}|{_SCHEME}\s+)*){_VALUE}",
    "short_named": rf"(?i)(?P<keep>\b(?:pass|pw|sig|sas|jwt|otp|pin|auth|psk|dsn|sid)[\\\"']*\s*[:=])\s*{_VALUE}",
    "element": rf"(?i)(?P<keep><[\w:.-]*{_NAME}[^>]*>)[^<]*",
    "option": rf"(?i)(?P<keep>(?:^|\s)--?[\w-]*(?:{_NAME}|pass)[\w-]*\s+){_VALUE}",
    # As the clients of MySQL take it, with nothing between.
    "glued_option": r"(?P<keep>\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)\b[^\n;|&]{0,200}?\s-p)[^\s-]\S*",
    "sql": r"(?i)(?P<keep>\b(?:identified\s+by|password))\s+(?:'[^']*(?:'|\z)|\"[^\"]*(?:\"|\z))",
    # In prose, where `password expired` is no secret, one has letters and digits.
    "said": r"(?i)(?P<keep>\b(?:pass(?:word|wd|phrase|code)|passwd|pwd)\s+)[\\\"'`]*"
    r"(?:[a-z][^\s\d]{2,}\d\S*|[^\s\d]{3,}\d\S*|\d\S*[a-z]\S{3,})",
    "scheme": r"(?i)(?P<keep>(?:\b(?:bearer|genie-?key|apikey|sso-key)[\s:=]+)+)\S+",
    "basic": r"(?i:(?P<keep>\bbasic)\s+)(?:[A-Za-z\d+/_-]{4,}={1,2}"
    r"|[A-Za-z\d+/]*[a-z\d][A-Z][A-Za-z\d+/]*|[A-Za-z+/]*\d[A-Za-z\d+/]{4,})",
    "jwt": r"eyJ[\w-]{6,}(?:\.[\w-]*)*",
    "aws": r"(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA|ABIA|ACCA)[A-Z\d]{12,}",
    "google": r"AIza[\w-]{20,}|\bya\d\d\.[\w-]{10,}|GOCSPX-[\w-]{10,}",
    "github": r"gh[a-z]_[A-Za-z\d]{16,}|github_pat_\w{16,}",
    "gitlab": r"gl[a-z]{2,6}-[\w-]{16,}|GR\d+[\w-]{20,}",
    "slack": r"xox[a-z](?:\.xox[a-z])?-[\w-]{8,}|xapp-[\w-]{8,}",
    "openai": r"(?P<keep>(?:^|[^A-Za-z\d]))(?:sk|pk|rk|whsec|sess)[-_][\w-]{16,}",
    "prefixed": r"(?:SG\.[\w-]{10,}\.[\w-]{10,}|npm_[A-Za-z\d]{20,}|pypi-[\w-]{16,}|do[a-z]_v\d+_\w{16,}"
    r"|hv[sbr]\.[\w-]{16,}|shp[a-z]{2}_[A-Za-z\d]{16,}|dckr_[a-z]+_[\w-]{16,}|hf_[A-Za-z\d]{16,}|glsa_\w{16,}"
    r"|glc_[\w=+/]{16,}|dapi[a-f\d]{24,}|NRAK-[A-Z\d]{16,}|lin_api_\w{16,}|figd_[\w-]{16,}|ATATT[\w=-]{16,}|AGE-SECRET-KEY-[A-Z\d]+"
    r"|PMAK-[\w-]{16,}|tskey-[\w-]{10,}|sntrys_[\w=+/-]{16,}|\b\d{8,10}:[\w-]{30,})",
    "hex": r"[A-Fa-f\d]{32,}",
}
"""By name; what a pattern matches is taken out, but for its group `keep` at the beginning."""

# Words out of the alphabets of base64, which is where what was drawn at random is written in.
_WORD = r"[A-Za-z\d+/_=-]{20,}"
_PIECE = re.compile(rb"[A-Za-z0-9+=]+")
_PIECE_LEAST_CHARS, _WORD_LEAST_CHARS = 20, 32
# Of the places between two characters, so many are between kinds of characters: in random base64 0.64, in
# CamelCaseNames under a third.
_TURNS_LEAST = 0.4
# Digits, capitals and small letters; all else is one kind more.
_KINDS = bytes(
    48 if chr(code).isdigit() else 65 if chr(code).isupper() else 97 if chr(code).islower() else 32
    for code in range(256)
)

_SEARCHES = tuple(map(compile_search, PATTERNS.values()))
_KEEPS = tuple(search.groupindex.get("keep", 0) for search in _SEARCHES)
_ANY = compile_search("|".join(f"(?:{pattern.replace('(?P<keep>', '(?:')})" for pattern in PATTERNS.values()))
_WORDS = compile_search(_WORD)


def redacted(text: str, own: Iterable[Search] = (), hidden: Iterable[bytes] = (), secret: Iterable[Span] = ()) -> str:
    """The text with `<secret>` in the place of each secret, by the patterns above and by the operator's own.

    All look at the text as it came: what one finds hides nothing from the others. Who shows a part of the text cuts it
    behind this, or before it at the end of a word (`alerts.visible.cut`).

    Args:
        text: Holds no surrogates.
        own: The operator's patterns.
        hidden: In UTF-8, and not empty: `0` stands where one of these stood.
        secret: Places in the text's UTF-8 that are known to be secret.
    """
    utf8 = text.encode()
    found = [(start, end, SECRET) for start, end in secret if start < len(utf8)]
    found += [(start, end, SECRET) for start, end in spans(own, utf8)]
    if _ANY.search(utf8) is not None:
        for search, keep in zip(_SEARCHES, _KEEPS, strict=True):
            found += [(start, end, SECRET) for start, end in _spans(search, keep, utf8)]
    found += [(*word.span(), SECRET) for word in _WORDS.finditer(utf8) if _is_random(word[0])]
    for value in hidden:
        found += _places(value, utf8)
    return _replaced(found, utf8).decode() if found else text


def spans(searches: Iterable[Search], utf8: bytes) -> Iterator[Span]:
    """Where in a text these find what is secret."""
    for search in searches:
        yield from _spans(search, search.groupindex.get("keep", 0), utf8)


def _spans(search: Search, keep: int, utf8: bytes) -> Iterator[Span]:
    for count, found in enumerate(search.finditer(utf8), 1):
        start, end = found.span()
        kept_start, kept_end = found.span(keep) if keep else (start, start)
        if utf8[kept_start:kept_end] != SECRET:  # the mark, which reads like an element of XML
            yield kept_end if kept_start == start else start, end
        if count == MATCHES_MAX:
            yield end, len(utf8)
            return


def _places(value: bytes, utf8: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = utf8.find(value)
    for _ in range(MATCHES_MAX):
        if at < 0:
            return
        yield at, at + len(value), HIDDEN
        at = utf8.find(value, at + len(value))
    if at >= 0:
        yield at, len(utf8), HIDDEN


def _replaced(found: list[tuple[int, int, bytes]], utf8: bytes) -> bytes:
    """The text with marks. Where two overlap, the mark of the one that begins first or is longer stands for both."""
    parts: list[bytes] = []
    at = 0
    for start, end, mark in sorted(found, key=_by_place):
        if end > start and (start > at or not parts):
            parts += [utf8[at:start], mark]
        at = max(at, end)
    return b"".join(parts) + utf8[at:]


def _by_place(one: tuple[int, int, bytes]) -> tuple[int, int, bytes]:
    start, end, mark = one
    return start, -end, mark


def _is_random(word: bytes) -> bool:
    """Whether it looks like a key in base64 or base64url rather than like a path or a name."""
    pieces = [piece for piece in _PIECE.findall(word) if len(piece) >= _PIECE_LEAST_CHARS]
    if any(_has_letter_and_digit(piece) or _turns(piece) >= _TURNS_LEAST for piece in pieces):
        return True
    return len(word) >= _WORD_LEAST_CHARS and _has_letter_and_digit(word) and _turns(word) >= _TURNS_LEAST


def _has_letter_and_digit(text: bytes) -> bool:
    kinds = text.translate(_KINDS)
    return b"0" in kinds and (b"a" in kinds or b"A" in kinds)


def _turns(text: bytes) -> float:
    kinds = text.translate(_KINDS)
    return sum(one != other for one, other in pairwise(kinds)) / (len(text) - 1)
