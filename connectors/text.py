"""Text from alerts, made fit for targets: escaped, links and JSON without what a target chokes on."""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote, urlsplit

import orjson

from alerts.instant import instant, is_zero, rfc3339
from alerts.text import INVISIBLE, cut, one_line, sendable

URL_MAX_CHARS = 2000
"""Browsers and targets take longer ones badly; a cut address is a wrong one, so it is left out."""

# Slack formats what stands between these; inside a word (`node_down`) only the backtick counts.
_SLACK_MARKS = re.compile(r"`|(?<![^\W_])[*_~]|[*_~](?![^\W_])")
_SLACK_ALIKE = str.maketrans("*_~`", "\u2217\u02cd\u223c\u02cb")
_MARKDOWN_MARKS = re.compile(r"[\\`*_{}\[\]#|~!]|^\s*[-+=]|^\s*\d+[.)]", re.MULTILINE)
# Four blanks or a tab would make it code.
_INDENT = re.compile(r"^( {0,3})[ \t]*", re.MULTILINE)
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_BAD_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_URI_MARKS = ":/?#[]@!$&'()*+,;=%"
# `2026-11-24T03:04:05.123456789+00:00`
_MOMENT_MAX_CHARS = 35
# `\u0007`; the quotes, colon and comma of an entry are less than another character.
_JSON_MAX_BYTES_A_CHAR = 6
_NO_LINK = re.compile(rf"\s|{INVISIBLE.pattern}")
# Names, dots and colons, or an IPv6 address; no user in front, which is there to mislead.
_AUTHORITY = re.compile(r"(?:[^\s@\[\]\\<>\"|]+|\[[0-9A-Fa-f:.]+\](?::\d+)?)")


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
    # What is remembered has to be bounded: an alert may hold a megabyte here.
    return None if len(text) > URL_MAX_CHARS else _web_link(text)


@lru_cache(maxsize=1024)
def _web_link(text: str) -> str | None:
    if _NO_LINK.search(text):
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
    # What is remembered has to be bounded, whatever stands in a field for a moment.
    told = _moment(text) if text and len(text) <= _MOMENT_MAX_CHARS else None
    return told or rfc3339(accepted_ms)


@lru_cache(maxsize=8192)
def _moment(text: str) -> str | None:
    try:
        return text.upper() if not is_zero(text.upper()) and instant(text) else None
    except ValueError:
        return None


def cut_map(values: Mapping[str, str], limit_bytes: int) -> dict[str, str]:
    """`values` in at most `limit_bytes` of JSON: first the long values are cut, then some are left out."""
    everything = "".join([*values, *values.values()])
    if sendable(everything) is everything and _JSON_MAX_BYTES_A_CHAR * (len(everything) + len(values)) < limit_bytes:
        # Most maps: ASCII, and far from the bound.
        return values if isinstance(values, dict) else dict(values)
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
