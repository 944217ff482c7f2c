"""Slack: a message for each alert, through an incoming webhook or `chat.postMessage`.

All text from alerts is escaped, and `plain_text` where Slack has it, so nothing in it mentions, links or formats.
Images are linked, not shown: Slack refuses a message when it cannot fetch its image.

Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, limits:
https://docs.slack.dev/reference/block-kit/blocks, colours:
https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Literal, Self

import orjson
from pydantic import Field, model_validator

from alerts.alert import Alert, Status
from alerts.condition import namespace
from alerts.config import HttpTarget
from alerts.decision import Classification, Delivery, Severity
from alerts.fields import HeaderSecret, check_one_proof
from alerts.text import cut, one_line, printable
from connectors import request
from connectors.request import Answer, Judgement, Request
from connectors.text import escape_slack, headline, links, to_json, unformatted

HEADER_MAX_CHARS = 150
SECTION_MAX_CHARS = 3000
REASONING_MAX_CHARS = 300
RECOMMENDATIONS_MAX = 3
# Documented are 40 000; messages of about 13 000 were refused: https://github.com/slackapi/bolt-js/issues/2509
BODY_MAX_CHARS = 12_000

_TEXT_MAX_CHARS = 300
# What the alert says of itself gives way first, until the message fits.
_ROOMS = (SECTION_MAX_CHARS, 1000, 300)
_LINKS_MAX_CHARS = 2500

COLOURS: Mapping[Severity, str] = MappingProxyType(
    {
        Severity.CRITICAL: "#FF0000",
        Severity.WARNING: "#FFA500",
        Severity.INFO: "#36A64F",
        Severity.NOISE: "#808080",
        Severity.UNKNOWN: "#FFA500",  # doubt is no noise
    }
)
RESOLVED_COLOUR = "good"

# May be taken later: https://docs.slack.dev/reference/methods/chat.postMessage#errors, and for `rollup_error`
# https://docs.slack.dev/changelog/2016/05/17/changes-to-errors-for-incoming-webhooks
_PASSING = frozenset(
    {
        "fatal_error",
        "internal_error",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "rollup_error",
        "service_unavailable",
    }
)


class Config(HttpTarget):
    """A channel. The address of an incoming webhook is a secret; with a `token` it is chat.postMessage's."""

    kind: Literal["slack"] = "slack"
    token: HeaderSecret | None = None
    """A bot's token, for `url: https://slack.com/api/chat.postMessage`."""
    channel: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """Where to; an incoming webhook has its own."""
    # One message a second and channel, short bursts are let pass: https://docs.slack.dev/apis/web-api/rate-limits
    rate: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)] | None = 1.0
    burst: Annotated[int, Field(ge=1, le=10_000)] = 5

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.token and not self.channel:
            raise ValueError("expected a channel beside the token")
        check_one_proof("token", self.token, self.url)
        return self


EXAMPLE: dict[str, object] = {
    "name": "team-channel",
    "kind": "slack",
    "url": "https://hooks.slack.com/services/EXAMPLE-ONLY",
}


def render(config: Config, delivery: Delivery, at: datetime) -> Request:  # noqa: ARG001 every renderer takes it
    """The message, with less of the alert's own text the more there is."""
    body = b""
    for room in _ROOMS:
        body = to_json(_message(config, delivery, room))
        if len(body.decode()) <= BODY_MAX_CHARS:
            break
    headers = {"content-type": "application/json; charset=utf-8"}
    if config.token:
        headers["authorization"] = f"Bearer {config.token.get_secret_value()}"
    return Request(config.url, headers, body)


def judge(answer: Answer) -> Judgement:
    """What Slack means: it answers 200 also when it refuses, and says why in the body.

    An incoming webhook answers `ok` or a word for the error, the Web API `{"ok": false, "error": "..."}`.
    What is neither comes from something else that speaks like Slack, whose status counts.

    Source: https://docs.slack.dev/apis/web-api/#responses
    """
    by_status = request.judge(answer)
    error = _error(answer.body)
    if by_status is not Judgement.DELIVERED or error is None:
        return by_status
    return Judgement.RETRY if error in _PASSING else Judgement.REFUSED


def _error(body: bytes) -> str | None:
    """The error in an answer, None if it tells of none."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        word = body.strip()
        # Of an answer that broke off only the beginning is there.
        is_error = (
            not b"ok".startswith(word) and word.isascii() and word.replace(b"_", b"").isalpha() and word.islower()
        )
        return word.decode() if is_error else None
    if isinstance(told, dict) and told.get("ok") is False:
        return str(told.get("error", ""))
    return None


def _message(config: Config, delivery: Delivery, room: int) -> dict[str, object]:
    alert, found = delivery.alert, delivery.classification
    is_over = alert.status is Status.RESOLVED
    line = f"[{_was(delivery)}{alert.status.upper()}] {headline(alert.name, alert.annotations)}"
    attachment = {
        "color": RESOLVED_COLOUR if is_over else COLOURS[found.severity],
        "fallback": _fit(line, _TEXT_MAX_CHARS),
        "blocks": _blocks(delivery, room),
    }
    # The text is what notifications and screen readers get; nothing an alert links to is fetched.
    message: dict[str, object] = {
        "text": _fit(unformatted(line), _TEXT_MAX_CHARS),
        "attachments": [attachment],
        "unfurl_links": False,
        "unfurl_media": False,
    }
    return message | ({"channel": config.channel} if config.channel else {})


def _blocks(delivery: Delivery, room: int) -> list[dict[str, object]]:
    alert, found = delivery.alert, delivery.classification
    words = _was(delivery) + ("RESOLVED" if alert.status is Status.RESOLVED else "")
    before = f"[{words.removesuffix(', ')}] " if words else ""
    name = one_line(alert.name) or "(no name)"
    blocks: list[dict[str, object]] = [{"type": "header", "text": _plain(before + name, HEADER_MAX_CHARS)}]
    if own := _own_text(alert):
        blocks.append({"type": "section", "text": _plain(own, room)})
    blocks.append({"type": "section", "fields": [_plain(text, _TEXT_MAX_CHARS) for text in _fields(alert, found)]})
    if reasoning := printable(found.reasoning).strip():
        blocks.append({"type": "section", "text": _plain(reasoning, REASONING_MAX_CHARS)})
    if recommendations := [line for text in found.recommendations if (line := one_line(text))]:
        lines = [_fit(f"• {line}", _TEXT_MAX_CHARS) for line in recommendations[:RECOMMENDATIONS_MAX]]
        blocks.append({"type": "section", "text": {"type": "plain_text", "text": "\n".join(lines), "emoji": False}})
    if addresses := _addresses(alert):
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": addresses, "verbatim": True}]})
    origin = f"{found.category} · {found.confidence:.2f} by {found.source}"
    elements = [_plain(f"Fingerprint {alert.fingerprint}", _TEXT_MAX_CHARS), _plain(one_line(origin), _TEXT_MAX_CHARS)]
    return [*blocks, {"type": "context", "elements": elements}]


def _was(delivery: Delivery) -> str:
    """What is said before the status."""
    return ("REPLAYED, " if delivery.replayed else "") + ("FIRED, " if delivery.untold_firing else "")


def _own_text(alert: Alert) -> str:
    texts = [printable(alert.annotations.get(name, "")).strip() for name in ("summary", "description", "message")]
    return "\n".join(dict.fromkeys(text for text in texts if text))


def _fields(alert: Alert, found: Classification) -> list[str]:
    """Label and value, at most ten."""
    ended = alert.ends_at if alert.status is Status.RESOLVED else None
    values = {
        "Status": alert.status.value,
        "Severity": found.severity.value,
        "Started": alert.starts_at,
        "Ended": ended or "",
        "Namespace": namespace(alert),
    }
    return [f"{name}\n{text}" for name, value in values.items() if (text := one_line(value))]


def _addresses(alert: Alert) -> str:
    # An address out of `links` holds none of the characters that end it here.
    kept = ""
    for name, link in links(alert.annotations, alert.generator_url):
        longer = f"{kept} · <{escape_slack(link)}|{name}>" if kept else f"<{escape_slack(link)}|{name}>"
        kept = longer if len(longer) <= _LINKS_MAX_CHARS else kept
    return kept


def _plain(text: str, limit: int) -> dict[str, object]:
    return {"type": "plain_text", "text": _fit(text, limit), "emoji": False}


def _fit(text: str, limit: int) -> str:
    return cut(text, limit, escape_slack)
