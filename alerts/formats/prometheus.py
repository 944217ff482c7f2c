"""Alertmanager's own API, version 2: what Prometheus, Mimir, Loki's ruler, vmalert and amtool send.

A sender says again each minute or so that an alert fires, and each time until when that holds: `endsAt`. So a firing
alert has one here, and is over when it passes without having been moved on.

Source: https://github.com/prometheus/alertmanager/blob/main/api/v2/api.go, postAlertsHandler
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from alerts.alert import Status
from alerts.described import Body, With
from alerts.entry import LABELS, Instant, Texts, check_labels, content_of, faults_of, line_of, short
from alerts.errors import FormatError
from alerts.formats import alertmanager
from alerts.instant import instant_ms, is_zero, rfc3339
from alerts.json_text import loads
from alerts.webhook import Content, Fault, Rejected, Submission, Webhook

if TYPE_CHECKING:
    from alerts.webhook import Received

PATHS = ("/api/v2/alerts",)


def _without_empty(labels: dict[str, str]) -> dict[str, str]:
    """As Alertmanager: a label without a value is none; a name it need not have."""
    check_labels(labels)
    kept = {name: value for name, value in labels.items() if value}
    if not kept:
        raise ValueError("expected at least one label with a value")
    return kept


# One label with a value at least, which no simple schema can say of a map.
Labels = Annotated[Texts, AfterValidator(_without_empty), With({**LABELS, "minProperties": 1})]


class PostableAlert(BaseModel):
    """One entry of the array."""

    model_config = ConfigDict(extra="ignore")

    labels: Labels
    annotations: Texts | None = None
    startsAt: Instant | None = None  # noqa: N815 the sender's spelling
    endsAt: Instant | None = None  # noqa: N815
    generatorURL: str | None = None  # noqa: N815


_EXAMPLE = {
    "labels": {"alertname": "PostgresDown", "severity": "critical", "instance": "db-1"},
    "annotations": {"summary": "db-1 does not answer"},
    "startsAt": "2026-11-24T03:00:00Z",
    "endsAt": "2026-11-24T03:04:00Z",
    "generatorURL": "http://prometheus.example.com/graph?g0.expr=up",
}
BODIES = {"application/json": Body(list[PostableAlert], {"one": [_EXAMPLE], "none": []})}

_validate = PostableAlert.__pydantic_validator__.validate_python


def read(received: Received) -> Webhook:
    """Decode one request; times that are missing are those of its arrival.

    Returns:
        One submission for each valid entry, in the order sent, and the others with their faults. A firing one has the
        end that it has if nobody repeats it.

    Raises:
        FormatError: Not JSON, or no array.
    """
    value = loads(received.body)
    if not isinstance(value, list):
        is_webhook = isinstance(value, dict) and "alerts" in value
        todo = f"; an Alertmanager's webhook goes to {alertmanager.PATHS[-1]}" if is_webhook else ""
        fault = Fault("", f"expected a list of alerts ([...]) as the whole body, got {short(value)}{todo}")
        raise FormatError("not Alertmanager's API v2", faults=(fault,))
    submissions: list[Submission] = []
    rejected: list[Rejected] = []
    for position, entry in enumerate(value):
        line = line_of(entry)
        try:
            submissions.append(_submission(position, _validate(entry), line, received))
        except ValidationError as error:
            rejected.append(Rejected(position, faults_of(error, f"alerts[{position}]"), line))
        except FormatError as error:
            rejected.append(Rejected(position, (Fault(f"alerts[{position}].endsAt", str(error)),), line))
    return Webhook("", "", submissions, rejected)


def _submission(position: int, alert: PostableAlert, line: bytes, received: Received) -> Submission:
    now_ms = received.accepted_ms
    starts, ends = _given(alert.startsAt), _given(alert.endsAt)
    starts_at = starts or ends or rfc3339(now_ms)
    if ends is None:
        # Of a sender whose clock is ahead: Alertmanager refuses it, but whoever is on call would want to know.
        ends = rfc3339(max(now_ms, instant_ms(starts_at)) + received.resolve_timeout_ms)
    elif instant_ms(ends) < instant_ms(starts_at):
        raise FormatError(f"expected no moment before startsAt ({starts_at}), got {ends}")
    status = Status.FIRING if instant_ms(ends) > now_ms else Status.RESOLVED
    return Submission(position, alert.labels, status, starts_at, ends, "", line)


def _given(text: str | None) -> str | None:
    return None if text is None or is_zero(text) else text


def alone(line: bytes) -> bytes:
    """An array with this alert alone."""
    return b"[" + line + b"]"


def content(line: bytes) -> Content:
    """Decode one line of a record.

    Raises:
        FormatError: Not JSON, or no `labels`.
    """
    found = content_of(line)
    return found._replace(labels={name: value for name, value in found.labels.items() if value})
