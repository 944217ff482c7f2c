"""Prometheus Alertmanager: its API, version 2, or a receiver of its webhooks, version 4.

An alert that fires is over for Alertmanager at its `endsAt`, or when nobody has repeated it within the
`resolve_timeout`. So each request says that the alert lasts for four heartbeats more, as Prometheus does, and a
heartbeat says so again: `sendAlerts` in https://github.com/prometheus/prometheus/blob/main/rules/alerting.go

Source: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml,
https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from alerts.alert import Status
from alerts.config import HttpTarget
from alerts.decision import Classification, Delivery
from alerts.fields import Span
from alerts.text import cut, one_line
from connectors.request import REPLAYED, Request
from connectors.targets.webhook import MAP_MAX_BYTES, NAME_MAX_CHARS, TEXT_MAX_CHARS
from connectors.text import cut_map, moment, to_json, web_link

API_PATH = "/api/v2/alerts"
ALERTS_A_REQUEST = 64
"""Prometheus puts up to 256 into one (`--alertmanager.notification-batch-size`). Of what 64 cost the request itself is
little already, and fewer are told again when one of them is refused."""
REASONING_MAX_CHARS = 500
RECOMMENDATIONS_MAX = 3
LASTS_HEARTBEATS = 4

_NO_END = "0001-01-01T00:00:00Z"


class Config(HttpTarget):
    """An Alertmanager, or what understands its webhooks."""

    kind: Literal["alertmanager"] = "alertmanager"
    format: Literal["v2", "webhook"] = "v2"
    """`v2`: the API; `url` is where Alertmanager is (`http://am:9093`). `webhook`: its webhook body, sent to `url`."""
    repeat_every: Annotated[Span, Field(ge=timedelta(seconds=1))] = timedelta(minutes=1)
    """How often what fires is told again, and what has resolved for five minutes more. Only `v2`."""

    @property
    def alerts_a_request(self) -> int:
        """Alertmanager's API takes a list."""
        return ALERTS_A_REQUEST if self.format == "v2" else 1

    @property
    def heartbeat(self) -> timedelta | None:
        """Alertmanager's API wants to hear of an alert again and again; a webhook of its kind does not."""
        return self.repeat_every if self.format == "v2" else None


EXAMPLE: dict[str, object] = {"name": "cluster-am", "kind": "alertmanager", "url": "https://alertmanager.example.com"}


def render(config: Config, delivery: Delivery, at: datetime) -> Request:
    """One alert, its annotations with the classification."""
    if config.format == "webhook":
        return Request(config.url, _headers([delivery]), to_json(_webhook(delivery)))
    return render_several(config, [delivery], at)


def render_several(config: Config, deliveries: Sequence[Delivery], at: datetime) -> Request:
    """All of them in one request, their ids in the order of the alerts; only `v2`."""
    alerts = _lasting(config, deliveries, at)
    return Request(_api(config.url), _headers(deliveries), to_json(alerts))


def render_heartbeat(config: Config, deliveries: Sequence[Delivery], at: datetime) -> Request:
    """All of them in one request; it is no notification and has no id."""
    alerts = _lasting(config, deliveries, at)
    return Request(_api(config.url), {"content-type": "application/json"}, to_json(alerts))


def _headers(deliveries: Sequence[Delivery]) -> dict[str, str]:
    # A list, as RFC 9110 writes one in a header (section 5.6.1).
    ids = ", ".join(delivery.id for delivery in deliveries)
    headers = {"content-type": "application/json", "webhook-id": ids}
    if all(delivery.replayed for delivery in deliveries):
        headers[REPLAYED] = "true"
    return headers


def _lasting(config: Config, deliveries: Sequence[Delivery], at: datetime) -> list[dict[str, object]]:
    """Alerts that fire until a few heartbeats have failed."""
    ends_at = at + LASTS_HEARTBEATS * config.repeat_every
    lasts = {"endsAt": ends_at.astimezone(UTC).isoformat().replace("+00:00", "Z")}
    return [_alert(one) | (lasts if one.alert.status is Status.FIRING else {}) for one in deliveries]


def _api(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=parts.path.rstrip("/").removesuffix(API_PATH) + API_PATH).geturl()


def _alert(delivery: Delivery) -> dict[str, object]:
    """An alert as the API takes it."""
    alert = delivery.alert
    told: dict[str, object] = {
        # Without a label Alertmanager refuses the alert. Labels are its identity, so they stay as long as they may.
        "labels": cut_map(alert.labels, MAP_MAX_BYTES) or {"alertname": cut(alert.name, NAME_MAX_CHARS) or "unknown"},
        "annotations": _annotations(delivery),
        "startsAt": moment(alert.starts_at, alert.envelope.accepted_ms),
    }
    if alert.status is Status.RESOLVED:
        told["endsAt"] = moment(alert.ends_at, alert.envelope.accepted_ms)
    # What is no URI is answered 400.
    if link := web_link(alert.generator_url):
        told["generatorURL"] = link
    return told


def _annotations(delivery: Delivery) -> dict[str, str]:
    replayed = {"winnow_replayed": "true"} if delivery.replayed else {}
    return cut_map(delivery.alert.annotations, MAP_MAX_BYTES) | _said(delivery.classification) | replayed


# Rules say the same of many alerts.
@lru_cache(maxsize=256)
def _said(found: Classification) -> dict[str, str]:
    recommendations = [one_line(text) for text in found.recommendations[:RECOMMENDATIONS_MAX]]
    ours = {
        "llm_severity": found.severity.value,
        "llm_confidence": f"{found.confidence:g}",
        "llm_reasoning": cut(found.reasoning, REASONING_MAX_CHARS),
        "llm_recommendations": cut("; ".join(text for text in recommendations if text), TEXT_MAX_CHARS),
    }
    return {name: text for name, text in ours.items() if text}


def _webhook(delivery: Delivery) -> dict[str, object]:
    """The body Alertmanager itself would send for a group of this one alert."""
    alert, told = delivery.alert, _alert(delivery)
    name = cut(alert.name, NAME_MAX_CHARS)
    entry = {
        **told,
        "status": alert.status.value,
        "endsAt": told.get("endsAt", _NO_END),
        "generatorURL": told.get("generatorURL", ""),
        "fingerprint": alert.fingerprint,
    }
    return {
        "version": "4",
        "receiver": cut(alert.envelope.receiver, NAME_MAX_CHARS) or delivery.target,
        "status": alert.status.value,
        "groupKey": cut(alert.envelope.group_key, TEXT_MAX_CHARS) or f'{{}}:{{alertname="{name}"}}',
        "truncatedAlerts": 0,
        "externalURL": "",
        "groupLabels": {"alertname": name},
        "commonLabels": told["labels"],
        "commonAnnotations": told["annotations"],
        "alerts": [entry],
    }
