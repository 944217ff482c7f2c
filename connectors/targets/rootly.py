"""Rootly's generic alert source: a trigger opens, a resolve under the same external id closes.

Source: https://docs.rootly.com/integrations/generic-webhook-alert-source
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import orjson
from pydantic import Field

from alerts.alert import Status
from alerts.config import HttpTarget
from alerts.fields import Secret, Url
from connectors import brief
from connectors.request import Request
from connectors.text import cut, escape_markdown, fit

if TYPE_CHECKING:
    from datetime import datetime

    from alerts.decision import Delivery

TITLE_MAX_CHARS = 255
TEXT_MAX_CHARS = 4000
TAGS_MAX = 20
TAG_MAX_CHARS = 100


class Config(HttpTarget):
    """One alert source."""

    kind: Literal["rootly"]
    url: Annotated[Url, Field(repr=False)] = "https://webhooks.rootly.com/webhooks/incoming/generic_webhooks"
    token: Secret
    """Sent as a bearer token."""


EXAMPLE: dict[str, object] = {"name": "incidents", "kind": "rootly", "token": "example-rootly-token"}


def render(config: Config, delivery: Delivery, at: datetime) -> Request:  # noqa: ARG001 the same at any time
    """The alert; the transition is in the body, since Rootly drops bodies it has seen before."""
    alert = delivery.alert
    told = {
        "title": cut(fit(f"[{alert.name}] alert in {brief.room(alert)}"), TITLE_MAX_CHARS),
        "description": _description(delivery),
        "severity": delivery.classification.severity,
        "status": "resolved" if alert.status is Status.RESOLVED else "triggered",
        "tags": _tags(alert.labels),
        "external_id": alert.fingerprint,
        "external_url": next((url for _, url in brief.links(alert)), ""),
        "started_at": alert.starts_at,
        "ended_at": alert.ends_at,
        "transition": delivery.transition,
        "notification_id": delivery.id,
    }
    headers = {"content-type": "application/json", "authorization": f"Bearer {config.token.get_secret_value()}"}
    return Request(config.url, headers, orjson.dumps(told, option=orjson.OPT_SORT_KEYS))


def _description(delivery: Delivery) -> str:
    alert, found = delivery.alert, delivery.classification
    told = [f"**{escape_markdown(cut(brief.summary(alert), 1000))}**"]
    if text := brief.description(alert):
        told.append(escape_markdown(cut(text, TEXT_MAX_CHARS)))
    told.append(f"Taken for {found.severity}, {escape_markdown(found.category)} ({found.source}: {found.rule})")
    told.extend(f"- {escape_markdown(cut(advice, 200))}" for advice in found.recommendations[:3])
    told.extend(f"[{text}]({url.replace('(', '%28').replace(')', '%29')})" for text, url in brief.links(alert))
    return "\n\n".join(told)


def _tags(labels: dict[str, str]) -> list[str]:
    return [cut(fit(f"{name}:{labels[name]}"), TAG_MAX_CHARS) for name in sorted(labels)][:TAGS_MAX]
