"""Prometheus Alertmanager's webhook, version 4.

Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated, Literal

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from alerts.alert import Status
from alerts.errors import FormatError
from alerts.instant import instant, is_zero
from alerts.json_text import loads
from alerts.webhook import Content, Fault, Received, Rejected, Submission, Webhook

PATHS = ("/webhook/proxy", "/api/v1/webhook/proxy", "/v1/webhooks/alertmanager")

# Prometheus has no limit of its own; real alerts have under 50. It bounds what one alert can cost every rule.
LABELS_MAX = 512
# Real group keys have under 1 KiB; they stand in every record, and a record must fit into Kafka.
ENVELOPE_MAX_CHARS = 8192


def _is_instant(text: str) -> str:
    if not is_zero(text):
        instant(text)
    return text


def _has_name(labels: dict[str, str]) -> dict[str, str]:
    if not labels.get("alertname"):
        raise PydanticCustomError("alertname", "expected a non-empty alertname")
    if "" in labels:
        raise ValueError("a label has no name")
    if len(labels) > LABELS_MAX:
        raise ValueError(f"at most {LABELS_MAX} labels, got {len(labels)}")
    return labels


Instant = Annotated[str, AfterValidator(_is_instant)]
Labels = Annotated[dict[str, str], AfterValidator(_has_name)]


class WebhookAlert(BaseModel):
    """One entry of `alerts`."""

    model_config = ConfigDict(extra="ignore")

    status: Literal["firing", "resolved"]
    labels: Labels
    annotations: dict[str, str] | None = None
    startsAt: Instant  # noqa: N815 the sender's spelling
    endsAt: Instant | None = None  # noqa: N815
    generatorURL: str | None = None  # noqa: N815
    fingerprint: str | None = None


class WebhookBody(BaseModel):
    """The request body; each alert is validated on its own, so a bad one does not take the others along."""

    model_config = ConfigDict(extra="ignore")

    alerts: Annotated[list[object], Field(min_length=1)]
    receiver: Annotated[str, Field(min_length=1)]
    status: Literal["firing", "resolved"] | None = None
    version: str | None = None
    groupKey: str | None = None  # noqa: N815
    externalURL: str | None = None  # noqa: N815
    groupLabels: dict[str, str] | None = None  # noqa: N815
    commonLabels: dict[str, str] | None = None  # noqa: N815
    commonAnnotations: dict[str, str] | None = None  # noqa: N815
    truncatedAlerts: Annotated[int, Field(ge=0)] | None = None  # noqa: N815


_validate_alert = WebhookAlert.__pydantic_validator__.validate_python
_validate_body = WebhookBody.__pydantic_validator__.validate_python


def read(received: Received) -> Webhook:
    """Decode one Alertmanager webhook call.

    Returns:
        One submission for each valid entry of `alerts`, in the order sent, and the others with their faults.

    Raises:
        FormatError: Not JSON, or the envelope is not a v4 webhook; its `faults` name every faulty field.
    """
    value = loads(received.body)
    try:
        envelope: WebhookBody = _validate_body(value)
    except ValidationError as error:
        raise FormatError("not an Alertmanager webhook", faults=_faults(error, "")) from error
    submissions: list[Submission] = []
    rejected: list[Rejected] = []
    for position, entry in enumerate(envelope.alerts):
        line = _line(entry)
        try:
            alert: WebhookAlert = _validate_alert(entry)
        except ValidationError as error:
            rejected.append(Rejected(position, _faults(error, f"alerts[{position}]"), line))
        else:
            submissions.append(_submission(position, alert, line))
    return Webhook(_bounded(envelope.receiver), _bounded(envelope.groupKey or ""), submissions, rejected)


def _line(entry: object) -> bytes:
    """The entry as compact JSON; without its fields that are nested deeper than orjson writes (254 levels)."""
    try:
        return orjson.dumps(entry)
    except orjson.JSONEncodeError:
        fields = entry if isinstance(entry, dict) else {}
        return orjson.dumps({name: value for name, value in fields.items() if _is_shallow(value)})


def _is_shallow(value: object) -> bool:
    try:
        orjson.dumps([value])
    except orjson.JSONEncodeError:
        return False
    return True


def _bounded(text: str) -> str:
    """The text, or what of it fits and a hash that keeps it apart from others."""
    if len(text) <= ENVELOPE_MAX_CHARS:
        return text
    return text[: ENVELOPE_MAX_CHARS - 32] + blake2b(text.encode(), digest_size=16).hexdigest()


def _submission(position: int, alert: WebhookAlert, line: bytes) -> Submission:
    ends_at = None if alert.endsAt is None or is_zero(alert.endsAt) else alert.endsAt
    return Submission(
        position, alert.labels, Status(alert.status), alert.startsAt, ends_at, alert.fingerprint or "", line
    )


def _faults(error: ValidationError, where: str) -> tuple[Fault, ...]:
    """Each fault with its path, `alerts[2].labels.alertname`, and what came instead."""
    faults = []
    for fault in error.errors(include_url=False, include_context=False):
        path = where + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"])
        path += ".alertname" if fault["type"] == "alertname" else ""
        came = "" if fault["type"] in {"missing", "value_error", "alertname"} else f", got {_short(fault['input'])}"
        faults.append(Fault(path.removeprefix("."), fault["msg"].removeprefix("Value error, ") + came))
    return tuple(faults)


def _short(value: object) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool | None) else type(value).__name__
    return text if len(text) <= 60 else f"{text[:57]}..."


def alone(line: bytes) -> bytes:
    """A webhook with this alert alone."""
    return b'{"receiver":"-","alerts":[' + line + b"]}"


def content(line: bytes) -> Content:
    """Decode one line of a record.

    Raises:
        FormatError: Not JSON, or no `labels`.
    """
    try:
        entry = orjson.loads(line)
        labels, annotations, url = (
            entry["labels"],
            entry.get("annotations") or {},
            entry.get("generatorURL") or "",
        )
        # Joining raises unless all is text, at a tenth of the price of asking each; the steps count on it.
        "".join([url, *labels.values(), *annotations.values()])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"line is no alert with labels: {type(error).__name__}") from error
    return Content(labels, annotations, url)
