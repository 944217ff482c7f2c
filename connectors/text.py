"""Text from alerts, made fit for targets: cut at whole characters, escaped, without what a target chokes on."""

import re
from collections.abc import Callable, Mapping
from unicodedata import category
from urllib.parse import quote, urlsplit

import orjson

from alerts.instant import instant, is_zero, rfc3339

URL_MAX_CHARS = 2000
"""Browsers and targets take longer ones badly; a cut address is a wrong one, so it is left out."""

_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")
# The C0 and C1 controls but tab and newline, and the marks that reorder the line they stand in (trojansource.codes).
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Slack formats what stands between these; inside a word (`node_down`) only the backtick counts.
_SLACK_MARKS = re.compile(r"`|(?<![^\W_])[*_~]|[*_~](?![^\W_])")
_SLACK_ALIKE = str.maketrans("*_~`", "\u2217\u02cd\u223c\u02cb")
_MARKDOWN_MARKS = re.compile(r"[\\`*_{}\[\]#|~!]|^\s*[-+=]|^\s*\d+[.)]", re.MULTILINE)
# Four blanks or a tab would make it code.
_INDENT = re.compile(r"^( {0,3})[ \t]*", re.MULTILINE)
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_BAD_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_URI_MARKS = ":/?#[]@!$&'()*+,;=%"
_NO_LINK = re.compile(rf"\s|{_INVISIBLE.pattern}")
# Names, dots and colons, or an IPv6 address; no user in front, which is there to mislead.
_AUTHORITY = re.compile(r"(?:[^\s@\[\]\\<>\"|]+|\[[0-9A-Fa-f:.]+\](?::\d+)?)")

_JOINER = "\u200d"
# Skin tones, and the tags that spell the flags of regions: they belong to the character before them.
_EXTENDERS = re.compile("[\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_FLAG_LETTERS = re.compile("[\U0001f1e6-\U0001f1ff]+$")
# Real clusters have at most about ten code points; what is longer is an attack and may be split.
_CLUSTER_MAX_CHARS = 32


def sendable(text: str) -> str:
    """`text` as JSON and databases take it: no NUL, lone surrogates replaced by U+FFFD."""
    return _UNSENDABLE.sub(_replacement, text)


def printable(text: str) -> str:
    """`text` for people: without control characters (tab and newline stay) and marks that reorder a line."""
    return _INVISIBLE.sub(_replacement, text)


def _replacement(found: re.Match[str]) -> str:
    return "\ufffd" if found[0] >= "\ud800" else ""


def one_line(text: str) -> str:
    """`text` for people, all white space one blank."""
    return " ".join(printable(text).split())


def width(text: str) -> int:
    """How many characters `text` has for those who count most: in UTF-16, as JavaScript and Java do."""
    return len(text) + sum(character > "\uffff" for character in text)


def cut(text: str, limit: int, written: Callable[[str], str] = str) -> str:
    """`text` as `written` writes it, in at most `limit` characters; "…" stands for what did not fit.

    Args:
        text: Anything.
        limit: In characters as `width` counts them.
        written: An escape that works on each character for itself; it is never cut in the middle.
    """
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


def escape_slack(text: str) -> str:
    """`text` in which Slack finds no mention and no link.

    Source: https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    for mark, entity in _ENTITIES:
        text = text.replace(mark, entity)
    return text


def unformatted(text: str) -> str:
    """`text` with look-alikes for the marks that Slack's `mrkdwn` would format; as long as before."""
    return _SLACK_MARKS.sub(lambda found: found[0].translate(_SLACK_ALIKE), text)


def escape_markdown(text: str) -> str:
    """`text` as Markdown that shows it as it is: no HTML, links, images, headings, lists or code.

    Source: https://spec.commonmark.org/0.31.2/#backslash-escapes
    """
    text = _INDENT.sub(r"\1", text)
    return _MARKDOWN_MARKS.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", escape_slack(text))


def web_link(text: str) -> str | None:
    """The address in `text` as ASCII, if it is one of http or https that others take as it is; else None."""
    text = text.strip()
    if len(text) > URL_MAX_CHARS or _NO_LINK.search(text):
        return None
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname and _AUTHORITY.fullmatch(parts.netloc) and parts.port != 0)
    except ValueError:  # a port or an IPv6 address that is none
        return None
    link = quote(_BAD_PERCENT.sub("%25", text), safe=_URI_MARKS)
    return link if parts.scheme in {"http", "https"} and has_host and len(link) <= URL_MAX_CHARS else None


def first(values: Mapping[str, str], *names: str) -> str:
    """The first of these values that is there and not blank, in one line; else empty."""
    return next((line for name in names if (line := one_line(values.get(name, "")))), "")


def links(annotations: Mapping[str, str], generator_url: str) -> list[tuple[str, str]]:
    """(what it is, address) of the pages an alert points to."""
    found = {
        "Runbook": first(annotations, "runbook_url", "runbook"),
        "Dashboard": first(annotations, "dashboard_url", "dashboard", "dashboardURL"),
        "Panel": first(annotations, "panel_url", "panelURL"),
        "Source": generator_url,
    }
    return [(name, link) for name, text in found.items() if (link := web_link(text))]


def headline(name: str, annotations: Mapping[str, str]) -> str:
    """An alert in one line: its summary, and its name before that unless it stands there already; not cut."""
    name = one_line(name) or "(no name)"
    summary = first(annotations, "summary", "title", "message", "description")
    return summary if name.lower() in summary.lower() else f"{name}: {summary}" if summary else name


def moment(text: str | None, accepted_ms: int) -> str:
    """`text` as RFC 3339 that every target reads; when it names no moment, the one at which it was accepted."""
    try:
        if text and not is_zero(text.upper()) and instant(text):
            return text.upper()
    except ValueError:
        pass
    return rfc3339(accepted_ms)


def cut_map(values: Mapping[str, str], limit_bytes: int) -> dict[str, str]:
    """`values` in at most `limit_bytes` of JSON: first the long values are cut, then some are left out."""
    kept = {sendable(name): sendable(values[name]) for name in sorted(values)}
    for longest in (16384, 4096, 1024, 256):
        if len(orjson.dumps(kept)) <= limit_bytes:
            return kept
        kept = {name: cut(value, longest) for name, value in kept.items()}
    room, fitting = limit_bytes - 2, {}
    for name, value in kept.items():
        size = len(orjson.dumps({name: value})) - 1
        if size <= room:
            fitting[name] = value
            room -= size
    return fitting


def to_json(value: object) -> bytes:
    """`value` as JSON in UTF-8, names in sorted order, all text `sendable`."""
    try:
        body = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        body = b""
    # Escaping is rare in both, so the text is only walked when there may be something to find.
    return body if body and rb"\u0000" not in body else orjson.dumps(_sendable(value), option=orjson.OPT_SORT_KEYS)


def _sendable(value: object) -> object:
    if isinstance(value, str):
        return sendable(value)
    if isinstance(value, Mapping):
        return {sendable(str(name)): _sendable(value[name]) for name in sorted(value)}
    return [_sendable(part) for part in value] if isinstance(value, list | tuple) else value
