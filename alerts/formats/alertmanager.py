"""Prometheus Alertmanager's webhook, version 4.

Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from alerts.alert import Status
from alerts.described import As, Body, With
from alerts.entry import (
    LABELS,
    Instant,
    Texts,
    bounded,
    check_labels,
    content_of,
    faults_of,
    line_of,
)
from alerts.errors import FormatError
from alerts.opened import opened
from alerts.truncated import warning
from alerts.usual import end_of, usual
from alerts.webhook import Content, Received, Rejected, Submission, Webhook

PATHS = ("/webhook/proxy", "/api/v1/webhook/proxy", "/v1/webhooks/alertmanager")


def _has_name(labels: dict[str, str]) -> dict[str, str]:
    if not labels.get("alertname"):
        raise PydanticCustomError("alertname", "expected a non-empty alertname")
    check_labels(labels)
    return labels


_NAMED = {"required": ["alertname"], "properties": {"alertname": {"type": "string", "minLength": 1}}}
Labels = Annotated[Texts, AfterValidator(_has_name), With({**LABELS, **_NAMED})]


def _is_number(value: object) -> object:
    if isinstance(value, bool | str):  # which pydantic would take for one
        raise PydanticCustomError("int_type", "expected a whole number")
    return value


Count = Annotated[int, Field(ge=0), BeforeValidator(_is_number)]


class WebhookAlert(BaseModel):
    """One entry of `alerts`."""

    model_config = ConfigDict(extra="ignore")

    status: Literal["firing", "resolved"]
    labels: Labels
    annotations: Texts | None = None
    startsAt: Instant  # noqa: N815 the sender's spelling
    endsAt: Instant | None = None  # noqa: N815
    generatorURL: str | None = None  # noqa: N815
    fingerprint: str | None = None


class WebhookBody(BaseModel):
    """The request body; each alert is validated on its own, so a bad one does not take the others along."""

    model_config = ConfigDict(extra="ignore")

    alerts: Annotated[list[Annotated[object, As(WebhookAlert)]], Field(min_length=1)]
    receiver: Annotated[str, Field(min_length=1)]
    status: Literal["firing", "resolved"] | None = None
    version: str | None = None
    groupKey: str | None = None  # noqa: N815
    externalURL: str | None = None  # noqa: N815
    groupLabels: Texts | None = None  # noqa: N815
    commonLabels: Texts | None = None  # noqa: N815
    commonAnnotations: Texts | None = None  # noqa: N815
    truncatedAlerts: Count | None = None  # noqa: N815


_EXAMPLE = {
    "receiver": "winnow",
    "version": "4",
    "groupKey": '{}:{alertname="PostgresDown"}',
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "PostgresDown", "severity": "critical", "instance": "db-1"},
            "annotations": {"summary": "db-1 does not answer"},
            "startsAt": "2026-11-24T03:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
        }
    ],
}
BODIES = {"application/json": Body(WebhookBody, {"firing": _EXAMPLE})}

_validate_alert = WebhookAlert.__pydantic_validator__.validate_python
_validate_body = WebhookBody.__pydantic_validator__.validate_python


def read(received: Received) -> Webhook:
    """Decode one Alertmanager webhook call.

    Returns:
        One submission for each valid entry of `alerts`, in the order sent, and the others with their faults.

    Raises:
        FormatError: Not JSON, or the envelope is not a v4 webhook; its `faults` name every faulty field.
    """
    return usual(received.body) or _judged(received)


def _judged(received: Received) -> Webhook:
    """By the models, which cost twice as much and can tell what is wrong."""
    value = opened(received)
    try:
        envelope: WebhookBody = _validate_body(value)
    except ValidationError as error:
        raise FormatError("not an Alertmanager webhook", faults=faults_of(error, "")) from error
    submissions: list[Submission] = []
    rejected: list[Rejected] = []
    for position, entry in enumerate(envelope.alerts):
        found = read_alert(position, entry, f"alerts[{position}]")
        if isinstance(found, Submission):
            submissions.append(found)
        else:
            rejected.append(found)
    receiver, group_key = bounded(envelope.receiver), bounded(envelope.groupKey or "")
    cut = envelope.truncatedAlerts
    own = (warning(len(envelope.alerts), cut, receiver, group_key, received.accepted_ms),) if cut else ()
    return Webhook(receiver, group_key, submissions, rejected, own)


def read_alert(position: int, entry: object, where: str) -> Submission | Rejected:
    """One entry of `alerts`, validated; `where` stands before the paths of its faults."""
    line = line_of(entry)
    try:
        alert: WebhookAlert = _validate_alert(entry)
    except ValidationError as error:
        return Rejected(position, faults_of(error, where), line)
    status = Status(alert.status)
    ends_at = end_of(status, alert.endsAt)
    return Submission(position, alert.labels, status, alert.startsAt, ends_at, alert.fingerprint or "", line)


def alone(line: bytes) -> bytes:
    """A webhook with this alert alone."""
    return b'{"receiver":"-","alerts":[' + line + b"]}"


def content(line: bytes) -> Content:
    """Decode one line of a record.

    Raises:
        FormatError: Not JSON, or no `labels`.
    """
    return content_of(line)
