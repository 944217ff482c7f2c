"""CloudEvents as they are described to senders; `alerts.formats.cloudevents` reads them by hand, for its speed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, TypeAdapter

from alerts.described import With
from alerts.entry import LABELS, Instant

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

Text = Annotated[str, Field(min_length=1)]
Moment = Instant | Literal[""] | None


class EventAlert(BaseModel):
    """An alert in an event's data; what it does not say, its event does."""

    model_config = ConfigDict(extra="allow")

    labels: Annotated[dict[str, str], With(LABELS)]
    """Without `alertname` the event's type is the name."""
    annotations: dict[str, str] | None = None
    startsAt: Moment = None  # noqa: N815 Alertmanager's spelling
    endsAt: Moment = None  # noqa: N815
    generatorURL: str | None = None  # noqa: N815
    fingerprint: str | None = None


class EventData:
    """Describes data: what has `labels` is an alert, a list `alerts` has alerts, and all else is the event's own."""

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """What pydantic asks for."""
        alert = handler(TypeAdapter(EventAlert).core_schema)
        has_labels = {"type": "object", "required": ["labels"], "properties": {"labels": {"type": "object"}}}
        one = {"if": has_labels, "then": alert}
        return {**one, "else": {"properties": {"alerts": {"items": alert}}, "items": one}}


class CloudEvent(BaseModel):
    """An event in its JSON format. Came as headers (`ce-id`, ...), the body is its data alone."""

    model_config = ConfigDict(extra="allow")

    specversion: Literal["1.0"]
    id: Text
    source: Text
    type: Text
    subject: str | None = None
    time: Instant | None = None
    severity: object = None
    """A word or a number becomes the label, unless there is one."""
    data: Annotated[object, EventData()] = None
    """An alert, several, or anything else: then the event is the alert."""


Batch = Annotated[list[CloudEvent], Field(min_length=1)]

_EVENT: dict[str, object] = {
    "specversion": "1.0",
    "id": "b85d631a-101e-005a-02f2-cee7aa06f148",
    "source": "https://jobs.example.com/backup",
    "type": "com.example.backup.failed",
    "time": "2026-11-24T03:10:00+01:00",
    "severity": "critical",
    "data": "the backup of db-1 failed",
}
_ALERT = {"labels": {"alertname": "BackupFailed", "instance": "db-1"}, "status": "firing"}
EXAMPLES: dict[str, object] = {"event": _EVENT, "alert": {**_EVENT, "data": _ALERT}, "batch": [_EVENT, _EVENT]}
