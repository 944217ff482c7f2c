"""PagerDuty Events v2: a firing alert triggers, a resolved one resolves, under one dedup key.

Source: https://developer.pagerduty.com/docs/send-alert-event, https://developer.pagerduty.com/docs/send-change-event
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import orjson
from pydantic import Field

from alerts.alert import Status
from alerts.config import HttpTarget
from alerts.decision import Severity
from alerts.fields import Secret, Url
from connectors import brief
from connectors.request import Request
from connectors.text import cut, fit

if TYPE_CHECKING:
    from datetime import datetime

    from alerts.decision import Delivery

# developer.pagerduty.com/docs/send-alert-event: longer summaries are cut, larger bodies refused.
SUMMARY_MAX_CHARS = 1024
BODY_MAX_BYTES = 512 * 1000

# PagerDuty knows no unknown: what nobody could judge is an error rather than something to sleep through.
_SEVERITY = {
    Severity.CRITICAL: "critical",
    Severity.WARNING: "warning",
    Severity.INFO: "info",
    Severity.NOISE: "info",
    Severity.UNKNOWN: "error",
}


class Config(HttpTarget):
    """One service's integration."""

    kind: Literal["pagerduty"]
    url: Annotated[Url, Field(repr=False)] = "https://events.pagerduty.com/v2/enqueue"
    routing_key: Secret
    """The integration key."""


EXAMPLE: dict[str, object] = {
    "name": "oncall",
    "kind": "pagerduty",
    "routing_key": "R0UTINGKEY00000000000000000000AB",
}

Told = dict[str, object]


def render(config: Config, delivery: Delivery, at: datetime) -> Request:  # noqa: ARG001 the same at any time
    """Trigger or resolve; a label `change_event=true` makes it a change event."""
    is_change = delivery.alert.labels.get("change_event") == "true"
    told = _change(delivery) if is_change else _event(delivery)
    body = _fit({"routing_key": config.routing_key.get_secret_value(), **told})
    url = config.url.replace("/v2/enqueue", "/v2/change/enqueue") if is_change else config.url
    return Request(url, {"content-type": "application/json"}, body)


def _event(delivery: Delivery) -> Told:
    alert = delivery.alert
    told: Told = {
        "event_action": "trigger" if alert.status is Status.FIRING else "resolve",
        "dedup_key": alert.fingerprint,
        "payload": {
            "summary": cut(brief.summary(alert), SUMMARY_MAX_CHARS),
            "severity": _SEVERITY[delivery.classification.severity],
            "source": cut(brief.place(alert) or alert.name, 255),
            "timestamp": alert.starts_at,
            "component": fit(alert.labels.get("job") or alert.labels.get("service", "")),
            "group": fit(alert.labels.get("cluster") or brief.room(alert)),
            "class": fit(alert.name),
            "custom_details": _details(delivery),
        },
        "client": "Winnow",
        "links": [{"href": url, "text": text} for text, url in brief.links(alert)],
        "images": [{"src": url} for url in (alert.annotations.get("image_url", ""),) if url.startswith("https://")],
    }
    return told


def _change(delivery: Delivery) -> Told:
    alert = delivery.alert
    return {
        "payload": {
            "summary": cut(brief.summary(alert), SUMMARY_MAX_CHARS),
            "source": cut(brief.place(alert) or alert.name, 255),
            "timestamp": alert.starts_at,
            "custom_details": _details(delivery),
        },
        "links": [{"href": url, "text": text} for text, url in brief.links(alert)],
    }


def _details(delivery: Delivery) -> Told:
    alert = delivery.alert
    return {
        "alert_name": alert.name,
        "status": alert.status,
        "notification_id": delivery.id,
        "labels": alert.labels,
        "annotations": alert.annotations,
        "classification": brief.classification(delivery.classification),
    }


def _fit(told: Told) -> bytes:
    """The body, without the labels and annotations of an alert that would make it too large."""
    body = orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
    if len(body) <= BODY_MAX_BYTES:
        return body
    payload = told["payload"]
    assert isinstance(payload, dict)
    details = {
        name: value for name, value in payload["custom_details"].items() if name not in {"labels", "annotations"}
    }
    details["note"] = "labels and annotations left out: over PagerDuty's limit of 512 kB"
    return orjson.dumps({**told, "payload": {**payload, "custom_details": details}}, option=orjson.OPT_SORT_KEYS)
