"""CloudEvents 1.0 over HTTP, with JSON as their data: binary, structured and batched.

What an event tells is, in this order:

1. `data` with a list `alerts`, as Alertmanager's webhook has it, or a list of objects with `labels`: one alert each.
2. `data` with `labels`: one alert.
3. Anything else: one alert of the event's attributes. Its labels are `alertname` (the type), `source` and `subject`;
   `summary`, `description` and `message` of the data become annotations, the data's `url` the link.

What an alert does not say, its event does: `alertname` is the type, startsAt the event's time, or else now, `severity`
that of the data or of an extension attribute: a label then, but no part of who the alert is. It fires unless `status`
or `state` of the alert, of the data or of an extension attribute says that it is over. A line in Kafka is the event
with this alert alone, structured, also if it came binary.

Sources: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md,
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import orjson

from alerts.described import Body
from alerts.entry import bounded, line_of
from alerts.errors import FormatError
from alerts.event_alert import entry, has_own_severity, is_alert, opened, parts
from alerts.event_body import EXAMPLES, Batch, CloudEvent
from alerts.fingerprint import identity
from alerts.formats.alertmanager import read_alert
from alerts.instant import instant
from alerts.opened import opened as opened_body
from alerts.webhook import Content, Fault, Received, Rejected, Submission, Webhook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alerts.event_alert import Event, Part

PATHS = ("/v1/webhooks/cloudevents",)
TYPES = ("application/json", "application/cloudevents+json", "application/cloudevents-batch+json")
HEADERS = ("ce-", "content-type")
BODIES = dict.fromkeys(TYPES, Body(CloudEvent | Batch, EXAMPLES))

_REQUIRED = ("id", "source", "specversion", "type")
# An alert's status, name and start alone take more.
_ALERT_MIN_BYTES = 60


def read(received: Received) -> Webhook:
    """Decode the events of one request.

    Returns:
        The alerts of each event in the order sent, and what is wrong with the others.

    Raises:
        FormatError: Not JSON, no event in it, or its parts would take many times what came.
    """
    events, is_batch = _events(received)
    is_binary = _is_binary(received.headers)
    submissions: list[Submission] = []
    rejected: list[Rejected] = []
    found_parts = [
        part for number, event in enumerate(events) for part in parts(event, f"[{number}]" if is_batch else "")
    ]
    _check_size(received.body, events, len(found_parts))
    for position, part in enumerate(found_parts):
        found = _read(position, part, received.accepted_ms)
        if isinstance(found, Submission):
            submissions.append(found)
        else:
            rejected.append(_by_headers(found) if is_binary else found)
    return Webhook(*_group(events), submissions, rejected)


def alone(line: bytes) -> bytes:
    """A structured event with this alert alone, which a line is already."""
    return line


def content(line: bytes) -> Content:
    """Decode one line of a record.

    Raises:
        FormatError: No event that `read` lets through.
    """
    try:
        event = orjson.loads(line)
        found = opened(event)
        "".join([*found.labels, *found.labels.values(), *found.annotations, *found.annotations.values()])
    except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError) as error:
        raise FormatError(f"line is no event with an alert: {type(error).__name__}") from error
    if not found.labels.get("alertname") or not isinstance(event.get("type"), str):
        raise FormatError("line is no event with an alert: it has no type")
    return found


def _events(received: Received) -> tuple[list[object], bool]:
    """The events in their JSON format, and whether they came as a batch."""
    headers = received.headers
    if _is_binary(headers):
        return [_binary(received)], False
    value = opened_body(received)
    if not isinstance(value, list):
        if not _is_structured(headers) and isinstance(value, dict) and not value.keys() & set(_REQUIRED):
            # Four missing attributes say less than that it is no event at all.
            fault = Fault("", "expected ce-* headers or content type application/cloudevents+json, got neither")
            raise FormatError("not a CloudEvent", faults=(fault,))
        return [value], False
    if not value:
        raise FormatError("no event in it", faults=(Fault("", "expected at least one event, got none"),))
    return value, True


def _is_structured(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").lower().startswith("application/cloudevents")


def _is_binary(headers: Mapping[str, str]) -> bool:
    return not _is_structured(headers) and any(name.startswith("ce-") for name in headers)


def _by_headers(rejected: Rejected) -> Rejected:
    """The same, faulty attributes named as the headers they came in."""
    named = {*_REQUIRED, "time"}
    faults = (fault._replace(field=f"ce-{fault.field}") if fault.field in named else fault for fault in rejected.faults)
    return rejected._replace(faults=tuple(faults))


def _binary(received: Received) -> Event:
    attributes = {name[3:]: _attribute(value) for name, value in received.headers.items() if name.startswith("ce-")}
    event: Event = {**attributes, "datacontenttype": "application/json"}
    return {**event, "data": opened_body(received)} if received.body.strip() else event


def _attribute(text: str) -> str:
    """A header's value; HTTP binding, section 3.1.3.2: percent-encoded UTF-8."""
    # Senders that leave the encoding out write UTF-8, of which a header is read as Latin-1.
    return unquote(text.encode("latin-1", "replace").decode("utf-8", "replace"), errors="replace")


def _check_size(body: bytes, events: list[object], count: int) -> None:
    """What all alerts of an event share is written with each of them: that must stay in proportion.

    Raises:
        FormatError: It does not.
    """
    attributes_bytes = max(len(line_of(_attributes(event))) for event in events)
    entries_max = max(1000, len(body) // _ALERT_MIN_BYTES)
    if count > entries_max or count * attributes_bytes > 4 * len(body) + 1024**2:
        fault = Fault("data", f"{count} entries with {attributes_bytes} bytes of attributes are too many")
        raise FormatError("too many entries", faults=(fault,))


def _attributes(event: object) -> object:
    return {name: value for name, value in event.items() if name != "data"} if isinstance(event, dict) else None


def _read(position: int, part: Part, accepted_ms: int) -> Submission | Rejected:
    event = part.event
    faults = tuple(_faults(event, part.at))
    if faults or not isinstance(event, dict):
        return Rejected(position, faults, line_of(event))
    if part.is_listed and not is_alert(event["data"]):
        fault = Fault(part.where, "expected an alert with labels")
        # In its list, or it would be read alone as data of the event's own.
        return Rejected(position, (fault,), line_of({**event, "data": {"alerts": [event["data"]]}}))
    try:
        line = orjson.dumps(event)
    except TypeError:
        return Rejected(position, (Fault(part.where, "nested deeper than 250 levels"),), line_of(event))
    told = read_alert(position, entry(event, accepted_ms), part.where)
    return told._replace(line=line) if isinstance(told, Rejected) else _owned(told._replace(line=line), event)


def _owned(told: Submission, event: Event) -> Submission:
    """A severity that is none of the alert's labels says how bad it is now: the alert is the same when that changes."""
    if "severity" not in told.labels or has_own_severity(event):
        return told
    others = {name: value for name, value in told.labels.items() if name != "severity"}
    return told._replace(identity=identity(others, told.fingerprint))


def _faults(event: object, where: str) -> Iterator[Fault]:
    at = f"{where}." if where else ""
    if not isinstance(event, dict):
        yield Fault(where, "expected a CloudEvent, an object")
        return
    for name in _REQUIRED:
        value = event.get(name)
        if not isinstance(value, str) or not value:
            came = "" if value is None else f", got {str(value)[:60]!r}"
            yield Fault(f"{at}{name}", f"expected an attribute of text that is not empty{came}")
    if isinstance(event.get("specversion"), str) and event["specversion"] not in {"", "1.0"}:
        yield Fault(f"{at}specversion", f"expected 1.0, got {event['specversion'][:60]!r}")
    if event.get("time") is not None:
        yield from _time_faults(event["time"], f"{at}time")


def _time_faults(time: object, where: str) -> Iterator[Fault]:
    try:
        instant(str(time))
    except ValueError as error:
        yield Fault(where, str(error))


def _group(events: list[object]) -> tuple[str, str]:
    """Receiver and group key, if the first event's data are an Alertmanager's webhook."""
    data = events[0].get("data") if isinstance(events[0], dict) else None
    found = [data.get(name) if isinstance(data, dict) else None for name in ("receiver", "groupKey")]
    receiver, key = (bounded(text) if isinstance(text, str) else "" for text in found)
    return receiver, key
