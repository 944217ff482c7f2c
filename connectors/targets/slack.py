"""Slack, by an incoming webhook: Block Kit in a coloured attachment, with a text fallback.

Source: https://api.slack.com/messaging/webhooks, https://api.slack.com/reference/block-kit/blocks
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import orjson
from pydantic import Field

from alerts.alert import Status
from alerts.config import HttpTarget
from alerts.decision import Severity
from alerts.fields import Url
from connectors import brief
from connectors.request import Answer, Judgement, Request
from connectors.request import judge as by_status
from connectors.text import cut, escape_slack, fit

if TYPE_CHECKING:
    from datetime import datetime

    from alerts.alert import Alert
    from alerts.decision import Delivery

# contract.md; Slack itself: header 150, section text 3000, field 2000 characters.
HEADER_MAX_CHARS = 150
REASONING_MAX_CHARS = 300
FIELD_MAX_CHARS = 500
TEXT_MAX_CHARS = 1500
RECOMMENDATIONS_MAX = 3

_COLOURS = {
    Severity.CRITICAL: "#FF0000",
    Severity.WARNING: "#FFA500",
    Severity.INFO: "#36A64F",
    Severity.NOISE: "#808080",
    Severity.UNKNOWN: "#FFA500",
}
_RESOLVED = "#36A64F"

# api.slack.com/web: errors that pass by themselves; every other one is final.
_PASSING = frozenset({"ratelimited", "rate_limited", "fatal_error", "internal_error", "service_unavailable"})

Block = dict[str, object]


class Config(HttpTarget):
    """One channel."""

    kind: Literal["slack"]
    url: Annotated[Url, Field(repr=False)]
    """The incoming webhook's URL: it is a secret."""


EXAMPLE: dict[str, object] = {
    "name": "team-chat",
    "kind": "slack",
    "url": "https://hooks.slack.example/services/T000/B000/secret-part-of-the-path",
}


def render(config: Config, delivery: Delivery, at: datetime) -> Request:  # noqa: ARG001 the same at any time
    """The message: header, fields, text, reasoning, recommendations, links, fingerprint."""
    alert = delivery.alert
    state = "RESOLVED" if alert.status is Status.RESOLVED else "FIRING"
    colour = _RESOLVED if alert.status is Status.RESOLVED else _COLOURS[delivery.classification.severity]
    title = cut(fit(f"[{state}] {alert.name}"), HEADER_MAX_CHARS)
    attachment = {"color": colour, "fallback": escape_slack(title), "blocks": _blocks(delivery, title)}
    text = escape_slack(cut(f"[{state}] {alert.name}: {brief.summary(alert)}", TEXT_MAX_CHARS))
    body = orjson.dumps({"text": text, "attachments": [attachment]}, option=orjson.OPT_SORT_KEYS)
    return Request(config.url, {"content-type": "application/json"}, body)


def judge(answer: Answer) -> Judgement:
    """What an answer means: a 200 may hold `{"ok": false, "error": ...}`.

    Source: https://api.slack.com/web#responses
    """
    verdict = by_status(answer)
    if verdict is not Judgement.DELIVERED:
        return verdict
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return Judgement.DELIVERED  # an incoming webhook says `ok` in plain text
    if isinstance(said, dict) and said.get("ok") is False:
        return Judgement.RETRY if said.get("error") in _PASSING else Judgement.REFUSED
    return Judgement.DELIVERED


def _blocks(delivery: Delivery, title: str) -> list[Block]:
    alert, found = delivery.alert, delivery.classification
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}},
        {"type": "section", "fields": _fields(alert, found.severity)},
        _plain(cut(_told(alert), TEXT_MAX_CHARS)),
    ]
    if found.reasoning:
        blocks.append(_plain(cut(fit(found.reasoning), REASONING_MAX_CHARS)))
    if found.recommendations:
        advised = [cut(fit(advice), 200) for advice in found.recommendations[:RECOMMENDATIONS_MAX]]
        blocks.append(_plain("\n".join(f"• {advice}" for advice in advised)))
    links = [f"<{escape_url(url)}|{text}>" for text, url in brief.links(alert) if len(url) <= FIELD_MAX_CHARS]
    if links:
        blocks.append(_context("mrkdwn", " · ".join(links)))
    blocks.append(_context("plain_text", f"fingerprint {alert.fingerprint}"))
    return blocks


def _told(alert: Alert) -> str:
    return "\n".join(text for text in (brief.summary(alert), brief.description(alert)) if text)


def _fields(alert: Alert, severity: Severity) -> list[Block]:
    rows = {"Status": alert.status, "Severity": severity, "Namespace": brief.room(alert), "Started": alert.starts_at}
    return [
        {"type": "mrkdwn", "text": f"*{name}*\n{escape_slack(cut(value, FIELD_MAX_CHARS))}"}
        for name, value in rows.items()
    ]


def escape_url(url: str) -> str:
    """A URL inside `<...>`, where only `&` has a meaning left that `brief.links` lets through."""
    return url.replace("&", "&amp;")


def _plain(text: str) -> Block:
    return {"type": "section", "text": {"type": "plain_text", "text": text or "-", "emoji": False}}


def _context(kind: str, text: str) -> Block:
    return {"type": "context", "elements": [{"type": kind, "text": text}]}
