"""What alert a CloudEvent is about: its data if they are one, else its attributes (`alerts.formats.cloudevents`)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import orjson

from alerts.errors import FormatError
from alerts.instant import rfc3339
from alerts.json_text import loads
from alerts.webhook import Content

if TYPE_CHECKING:
    from collections.abc import Iterator

Event: TypeAlias = "dict[str, object]"
"""A CloudEvent as its JSON format has it."""

# What systems call the end of an alert: Prometheus, Grafana, CloudWatch, Opsgenie, Datadog, Nagios and Icinga.
OVER = frozenset({"resolved", "ok", "closed", "recovered", "cleared", "normal", "inactive"})
_TEXTS = ("summary", "description", "message")
# Enough to see what it is about; all of it is in the record.
_DATA_MAX_CHARS = 2000
_NOTHING: Event = {}


def is_alert(data: object) -> bool:
    """Whether the data are an alert by themselves: an object with `labels`."""
    return isinstance(data, dict) and isinstance(data.get("labels"), dict)


class Part(NamedTuple):
    """An event with one of the alerts in its data."""

    event: object
    at: str
    """Where the event stands in the body."""
    where: str
    """Where the alert stands in the body."""
    is_listed: bool
    """Whether it came in a list, which only alerts do."""


def parts(event: object, at: str) -> Iterator[Part]:
    """The event, once for each alert in its data."""
    if not isinstance(event, dict):
        yield Part(event, at, at, is_listed=False)
        return
    whole = _decoded(event)
    data = whole.get("data")
    where = f"{at}.data".removeprefix(".")
    inner = data.get("alerts") if isinstance(data, dict) and not is_alert(data) else data
    if isinstance(inner, list) and inner and (inner is not data or all(map(is_alert, inner))):
        below = where if inner is data else f"{where}.alerts"
        for place, one in enumerate(inner):
            yield Part({**whole, "data": one}, at, f"{below}[{place}]", is_listed=True)
    else:
        yield Part(whole, at, where, is_listed=False)


def _decoded(event: Event) -> Event:
    """The event with its `data_base64` as `data`, if that is JSON."""
    text = event.get("data_base64")
    if not isinstance(text, str) or "data" in event:
        return event
    try:
        data = loads(base64.b64decode(text, validate=True))
    except (ValueError, FormatError):
        return event
    return {**{name: value for name, value in event.items() if name != "data_base64"}, "data": data}


def entry(event: Event, accepted_ms: int) -> Event:
    """The event's alert in Alertmanager's shape, what it does not say taken from the event."""
    data = _object(event.get("data"))
    given = data if is_alert(data) else _NOTHING
    began = _said(given, "startsAt")
    if began is None:
        began = event.get("time") or rfc3339(accepted_ms)
    is_over = _is_over(given, data, event)
    made: Event = {
        **given,
        "labels": _labels(event),
        "status": "resolved" if is_over else "firing",
        "startsAt": began,
        "endsAt": _said(given, "endsAt"),
    }
    if is_over and made["endsAt"] is None:
        made["endsAt"] = event.get("time") or rfc3339(accepted_ms)
    return made


def _said(given: Event, name: str) -> object:
    """What is given there, be it wrong; None if nothing is."""
    value = given.get(name)
    return None if value == "" else value


def opened(event: Event) -> Content:
    """Labels, annotations and link of the event's alert."""
    data = event.get("data")
    fields = _object(data)
    annotations = fields.get("annotations") if is_alert(data) else None
    url = fields.get("generatorURL") or fields.get("url")
    found = _object(annotations) or _texts(data)
    return Content(
        {name: _text(value) for name, value in _labels(event).items()},
        {"event_id": _text(event.get("id")), **{name: _text(value) for name, value in found.items()}},
        url if isinstance(url, str) else "",
    )


def _labels(event: Event) -> Event:
    data = _object(event.get("data"))
    if is_alert(data):
        labels: Event = {"alertname": event.get("type"), **_object(data.get("labels"))}
    else:
        labels = {"alertname": event.get("type"), "source": event.get("source")}
        if (subject := _said(event, "subject")) is not None:
            labels["subject"] = subject
    severity = data.get("severity") or event.get("severity")
    if "severity" not in labels and isinstance(severity, str | int | float):
        labels["severity"] = _text(severity)
    return labels


def has_own_severity(event: Event) -> bool:
    """Whether `severity` is a label of the alert in its data."""
    data = _object(event.get("data"))
    return is_alert(data) and "severity" in _object(data.get("labels"))


def _is_over(given: Event, data: Event, event: Event) -> bool:
    """By the first that says something."""
    words = (source.get(name) for source in (given, data, event) for name in ("status", "state"))
    said = next((word for word in words if isinstance(word, str) and word), "")
    return said.lower() in OVER


def _texts(data: object) -> Event:
    fields = _object(data)
    found: Event = {name: fields[name] for name in _TEXTS if isinstance(fields.get(name), str) and fields[name]}
    if found or data in (None, "", {}, []):
        return found
    return {"data": _text(data)[:_DATA_MAX_CHARS]}


def _object(value: object) -> Event:
    return value if isinstance(value, dict) else _NOTHING


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
