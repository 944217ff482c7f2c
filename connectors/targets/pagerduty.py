"""PagerDuty: Events API v2, an alert event for every alert, a change event for those labelled `change_event=true`.

The answer is 202; 400 is final, 429 and 5xx may be repeated: what statuses say anyway, so there is no `judge`.
A resolve only counts under the routing key of its trigger.

Source: https://developer.pagerduty.com/docs/send-alert-event, https://developer.pagerduty.com/docs/send-change-event
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from alerts.alert import Alert, Status
from alerts.config import HttpTarget
from alerts.decision import Delivery, Severity
from alerts.fields import Secret, Url
from alerts.text import cut, one_line
from connectors.request import Request
from connectors.targets.webhook import document
from connectors.text import first, headline, links, to_json, web_link

SUMMARY_MAX_CHARS = 1024
BODY_MAX_BYTES = 512_000
"""Said to be 512 KB; Alertmanager takes that for 512 000 bytes and so do we."""

# Labels and annotations each; with all else at its bound a body stays below BODY_MAX_BYTES.
_MAP_MAX_BYTES = 150_000
_FIELD_MAX_CHARS = 255

SEVERITIES: Mapping[Severity, str] = MappingProxyType(
    {
        Severity.CRITICAL: "critical",
        Severity.WARNING: "warning",
        Severity.INFO: "info",
        Severity.NOISE: "info",
        # In doubt somebody should look: services with dynamic urgency page for `error` and do not for `warning`.
        Severity.UNKNOWN: "error",
    }
)


class Config(HttpTarget):
    """An integration of a PagerDuty service, or an event orchestration."""

    kind: Literal["pagerduty"] = "pagerduty"
    url: Annotated[Url, Field(repr=False)] = "https://events.pagerduty.com/v2/enqueue"
    """EU accounts: https://events.eu.pagerduty.com/v2/enqueue. Change events go to `/v2/change/enqueue` beside it."""
    routing_key: Secret
    """The integration key; part of every body, as PagerDuty wants it."""

    def opens_incident(self, alert: Alert) -> bool:
        """What is a trigger there; a change event opens nothing, and nothing closes it."""
        return not _is_change(alert)


EXAMPLE: dict[str, object] = {"name": "oncall", "kind": "pagerduty", "routing_key": "EXAMPLE0ROUTING0KEY0NOT0A0SECRET"}


def render(config: Config, delivery: Delivery, at: datetime) -> Request:  # noqa: ARG001 every renderer takes it
    """A trigger or a resolve under the fingerprint; or a change event, which has neither."""
    is_change = _is_change(delivery.alert)
    body = _change(delivery) if is_change else _event(delivery)
    body["routing_key"] = config.routing_key.get_secret_value()
    url = _change_url(config.url) if is_change else config.url
    return Request(url, {"content-type": "application/json"}, to_json(body))


def _is_change(alert: Alert) -> bool:
    return alert.labels.get("change_event", "").lower() == "true"


def _change_url(url: str) -> str:
    parts = urlsplit(url)
    above = parts.path.rstrip("/").removesuffix("/enqueue").removesuffix("/change")
    return parts._replace(path=f"{above}/change/enqueue").geturl()


def _event(delivery: Delivery) -> dict[str, object]:
    alert = delivery.alert
    event: dict[str, object] = {
        "event_action": "resolve" if alert.status is Status.RESOLVED else "trigger",
        # 16 digits; at most 255 are allowed.
        "dedup_key": alert.fingerprint,
        "client": "Winnow",
        "payload": {
            **_payload(delivery),
            "severity": SEVERITIES[delivery.classification.severity],
            **_place(alert),
        },
        "links": _links(alert),
        "images": _images(alert),
    }
    if link := web_link(alert.generator_url):
        event["client_url"] = link
    return event


def _change(delivery: Delivery) -> dict[str, object]:
    return {"payload": _payload(delivery), "links": _links(delivery.alert)}


def _payload(delivery: Delivery) -> dict[str, object]:
    """What both kinds of event say."""
    alert = delivery.alert
    details = document(delivery, _MAP_MAX_BYTES)
    before = "[RESOLVED] " if alert.status is Status.RESOLVED else ""
    return {
        "summary": cut(before + headline(alert.name, alert.annotations), SUMMARY_MAX_CHARS),
        "source": cut(_source(alert), _FIELD_MAX_CHARS),
        "timestamp": details["timestamp"],
        "custom_details": details,
    }


def _source(alert: Alert) -> str:
    """What is affected; PagerDuty refuses an event without."""
    found = first(alert.labels, "instance", "host", "hostname", "node", "pod", "service", "job")
    return found or one_line(alert.envelope.source) or "winnow"


def _place(alert: Alert) -> dict[str, str]:
    found = {
        "class": one_line(alert.name),
        "component": first(alert.labels, "component", "service", "job"),
        "group": first(alert.labels, "namespace", "kubernetes_namespace", "cluster"),
    }
    return {name: cut(text, _FIELD_MAX_CHARS) for name, text in found.items() if text}


def _links(alert: Alert) -> list[dict[str, str]]:
    return [{"href": link, "text": name} for name, link in links(alert.annotations, alert.generator_url)]


def _images(alert: Alert) -> list[dict[str, str]]:
    link = web_link(first(alert.annotations, "image_url", "image", "imageURL"))
    # PagerDuty shows no images that are served without TLS.
    return [{"src": link, "alt": "Image of the alert"}] if link and link.startswith("https:") else []
