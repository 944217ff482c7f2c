"""Alertmanager's own API, version 2: what Prometheus, Mimir, Loki's ruler, vmalert and amtool send.

A sender says again each minute or so that an alert fires, and each time until when that holds: `endsAt`. So a firing
alert has one here, and is over when it passes without having been moved on.

Source: https://github.com/prometheus/alertmanager/blob/main/api/v2/api.go, postAlertsHandler
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import UNSET, UnsetType
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from alerts.alert import Status
from alerts.described import Body, With
from alerts.entry import LABELS, Instant, Texts, check_labels, content_of, faults_of, line_of, short
from alerts.errors import FormatError
from alerts.formats import alertmanager
from alerts.instant import LATEST_MS, ZERO, instant_ms, rfc3339
from alerts.opened import opened
from alerts.webhook import Content, Fault, Rejected, Submission, Webhook, submission_of

if TYPE_CHECKING:
    from alerts.webhook import Received

PATHS = ("/api/v2/alerts",)
_ZERO_MS = instant_ms(ZERO)


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


class UsualAlert(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """One entry as Prometheus writes it."""

    labels: dict[str, str]
    startsAt: str  # noqa: N815 the sender's spelling
    endsAt: str  # noqa: N815
    annotations: dict[str, str] | UnsetType = UNSET
    generatorURL: str | UnsetType = UNSET  # noqa: N815


_decode = msgspec.json.Decoder(list[UsualAlert]).decode
_encode = msgspec.json.Encoder().encode


def read(received: Received) -> Webhook:
    """Decode one request; times that are missing are those of its arrival.

    Returns:
        One submission for each valid entry, in the order sent, and the others with their faults. A firing one has the
        end that it has if nobody repeats it.

    Raises:
        FormatError: Not JSON, or no array.
    """
    if submissions := usual(received):
        return Webhook("", "", submissions, [])
    value = opened(received)
    if not isinstance(value, list):
        is_webhook = isinstance(value, dict) and "alerts" in value
        todo = f"; an Alertmanager's webhook goes to {alertmanager.PATHS[-1]}" if is_webhook else ""
        fault = Fault("", f"expected a list of alerts ([...]) as the whole body, got {short(value)}{todo}")
        raise FormatError("not Alertmanager's API v2", faults=(fault,))
    submissions, rejected = list[Submission](), list[Rejected]()
    for position, entry in enumerate(value):
        found = _judged(position, entry, received)
        if isinstance(found, Submission):
            submissions.append(found)
        else:
            rejected.append(found)
    return Webhook("", "", submissions, rejected)


def usual(received: Received) -> list[Submission] | None:
    """What Prometheus sends, read in one go, which costs a third of asking the model; None: it has to be asked.

    What is read here the model takes too, and reads the same in it; see `alerts.usual`.
    """
    submissions: list[Submission] = []
    try:
        for position, alert in enumerate(_decode(received.body)):
            labels = alert.labels
            if not labels or not all(labels.values()):
                return None
            check_labels(labels)
            times = alert.startsAt, alert.endsAt
            submissions.append(_submission(position, labels, times, _encode(alert), received))
    except (msgspec.MsgspecError, ValueError, FormatError):
        return None
    return submissions


def _judged(position: int, entry: object, received: Received) -> Submission | Rejected:
    line = line_of(entry)
    try:
        alert: PostableAlert = _validate(entry)
        return _submission(position, alert.labels, (alert.startsAt, alert.endsAt), line, received)
    except ValidationError as error:
        return Rejected(position, faults_of(error, f"alerts[{position}]"), line)
    except FormatError as error:
        return Rejected(position, (Fault(f"alerts[{position}].endsAt", str(error)),), line)


def _submission(
    position: int, labels: dict[str, str], times: tuple[str | None, str | None], line: bytes, received: Received
) -> Submission:
    now_ms = received.accepted_ms
    starts_at, ends_at = times
    starts_ms, ends_ms = _given(starts_at), _given(ends_at)
    if starts_at is None or starts_ms is None:
        starts_at, starts_ms = (rfc3339(now_ms), now_ms) if ends_at is None or ends_ms is None else (ends_at, ends_ms)
    if ends_ms is None:
        # Of a sender whose clock is ahead: Alertmanager refuses it, but whoever is on call would want to know.
        ends_ms = min(max(now_ms, starts_ms) + received.resolve_timeout_ms, LATEST_MS)
        ends_at = rfc3339(ends_ms)
    elif ends_ms < starts_ms:
        raise FormatError(f"expected no moment before startsAt ({starts_at}), got {ends_at}")
    status = Status.FIRING if ends_ms > now_ms else Status.RESOLVED
    return submission_of((position, labels, status, starts_at, ends_at, "", line, ""))


def _given(text: str | None) -> int | None:
    """In milliseconds; Go's zero time is none."""
    if text is None:
        return None
    ms = instant_ms(text)
    return None if ms == _ZERO_MS else ms


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
