"""Rootly: a generic webhook alert source.

The source's field mapping in Rootly: title `$.title`, description `$.description`, external identifier
`$.external_id`, state `$.status` with the resolved value `resolved`, source link `$.external_url`.
Rootly suppresses bodies that are identical to an earlier one; `transition` and `notification_id` tell repeats apart.

Source: https://docs.rootly.com/integrations/generic-webhook-alert-source/installation
"""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from alerts.alert import Alert
from alerts.condition import namespace
from alerts.config import HttpTarget
from alerts.decision import Delivery
from alerts.fields import HeaderSecret, Url, check_one_proof
from alerts.instant import rfc3339
from alerts.text import cut, one_line, printable
from connectors.request import Request
from connectors.text import cut_map, escape_markdown, links, to_json

TAGS_MAX = 20
# Rootly documents no limits; these keep a body below 256 kB.
TITLE_MAX_CHARS = 255
TAG_MAX_CHARS = 100
PARAGRAPH_MAX_CHARS = 3000
MAP_MAX_BYTES = 80_000
RECOMMENDATIONS_MAX = 3


class Config(HttpTarget):
    """A generic webhook alert source."""

    kind: Literal["rootly"] = "rootly"
    url: Annotated[Url, Field(repr=False)] = "https://webhooks.rootly.com/webhooks/incoming/generic_webhooks"
    """Followed by `/notify/<type>/<id>` for a fixed receiver."""
    token: HeaderSecret
    """The source's secret, sent as `Authorization: Bearer ...`."""

    @model_validator(mode="after")
    def _proves_itself_once(self) -> Self:
        check_one_proof("token", self.token, self.url)
        return self

    def opens_incident(self, alert: Alert) -> bool:  # noqa: ARG002 each does
        """Every alert."""
        return True


EXAMPLE: dict[str, object] = {"name": "incidents", "kind": "rootly", "token": "example-only-not-a-secret"}


def render(config: Config, delivery: Delivery, at: datetime) -> Request:  # noqa: ARG001 every renderer takes it
    """An alert that the resolve with the same `external_id` closes."""
    alert = delivery.alert
    replayed = {"replayed": True} if delivery.replayed else {}
    body = {
        **replayed,
        "title": cut(_title(alert), TITLE_MAX_CHARS),
        "description": _description(delivery),
        "severity": delivery.classification.severity.value,
        "status": alert.status.value,
        "tags": _tags(delivery),
        "external_id": alert.fingerprint,
        "external_url": next((link for _, link in reversed(links(alert.annotations, alert.generator_url))), None),
        "notification_id": delivery.id,
        "transition": delivery.transition,
        "alert_name": cut(one_line(alert.name), TITLE_MAX_CHARS),
        "starts_at": alert.starts_at,
        "ends_at": alert.ends_at,
        "accepted_at": rfc3339(alert.envelope.accepted_ms),
        "labels": cut_map(alert.labels, MAP_MAX_BYTES),
        "annotations": cut_map(alert.annotations, MAP_MAX_BYTES),
    }
    headers = {"content-type": "application/json", "authorization": f"Bearer {config.token.get_secret_value()}"}
    return Request(config.url, headers, to_json(body))


def _title(alert: Alert) -> str:
    name = cut(one_line(alert.name), 150) or "(no name)"
    place = one_line(namespace(alert))
    return f"[{name}] alert in {place}" if place else f"[{name}] alert"


def _description(delivery: Delivery) -> str:
    """Markdown; of the alert's own text nothing acts."""
    alert, found = delivery.alert, delivery.classification
    parts = [_shown(alert.annotations.get(name, "")) for name in ("summary", "description", "message")]
    origin = f"{_shown(found.category)}, confidence {found.confidence:.2f}, by {found.source.value}"
    parts += [
        f"**Severity:** {found.severity.value} ({origin})",
        f"**Started:** {_shown(alert.starts_at)}",
        f"**Why:** {reasoning}" if (reasoning := _shown(found.reasoning)) else "",
        "\n".join(f"- {_shown(one_line(text))}" for text in found.recommendations[:RECOMMENDATIONS_MAX]),
        # An address out of `links` holds none of the characters that end it here.
        " · ".join(f"[{name}](<{link}>)" for name, link in links(alert.annotations, alert.generator_url)),
    ]
    return "\n\n".join(part for part in parts if part)


def _shown(text: str) -> str:
    return escape_markdown(cut(printable(text).strip(), PARAGRAPH_MAX_CHARS))


def _tags(delivery: Delivery) -> list[str]:
    """What was found out, then the labels in order."""
    alert, found = delivery.alert, delivery.classification
    tags = ["replayed"] if delivery.replayed else []
    tags += [f"severity:{found.severity.value}", f"category:{found.category}"]
    tags += [f"{name}:{alert.labels[name]}" for name in sorted(alert.labels) if name not in {"alertname", "severity"}]
    kept = dict.fromkeys(tag for text in tags[: 2 * TAGS_MAX] if (tag := cut(one_line(text), TAG_MAX_CHARS)))
    return list(kept)[:TAGS_MAX]
