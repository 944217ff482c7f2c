"""A test of winnow.yaml: what is sent when, and who must hear of it; as a file holds it (docs/test.md)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, PlainValidator, TypeAdapter, ValidationError, model_validator

from alerts.alert import Status
from alerts.config_section import Name, Section
from alerts.decision import Severity
from alerts.fields import Duration
from alerts.formats.alertmanager import Labels
from alerts.instant import instant, is_zero

STARTS = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""When a case starts that does not say it: a Monday, at noon."""

_LENGTH = TypeAdapter[timedelta](Duration)


def _moment(value: object) -> timedelta | str:
    text = value if isinstance(value, str) else ""
    try:
        length = _LENGTH.validate_python(text.removeprefix("-"))
    except ValidationError:
        return text if is_zero(text) else _checked(text)
    return -length if text.startswith("-") else length


def _checked(text: str) -> str:
    try:
        instant(text)
    except ValueError as error:
        raise ValueError(
            "expected how long after the start (10m, -2d) or a time such as 2026-01-05T09:00:00Z"
        ) from error
    return text


def _start(value: object) -> datetime:
    try:
        start = instant(value if isinstance(value, str) else "")
    except ValueError as error:
        raise ValueError("expected a time such as 2026-01-05T09:00:00Z") from error
    # So that moments which are counted from it are in the calendar.
    if not 2000 <= start.year < 2100:
        raise ValueError("expected a time between the years 2000 and 2100")
    return start


Moment = Annotated[timedelta | str, PlainValidator(_moment)]
"""Counted from the start of the case, before it with a minus; or RFC 3339, which may be Go's zero time."""
Texts = Annotated[dict[str, str], Field(min_length=1)]


class Said(Section):
    """What a model says of an alert."""

    severity: Literal[Severity.CRITICAL, Severity.WARNING, Severity.INFO, Severity.NOISE]
    category: str = "unknown"
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.9
    reasoning: str = ""
    recommendations: Annotated[tuple[str, ...], Field(max_length=5)] = ()


class Expected(Section):
    """Somebody who is told, or a reason why nobody is; what is left out may be anything."""

    target: Name | None = None
    status: Status | None = None
    severity: Severity | None = None
    category: str | None = None
    route: str | None = None
    """The name of a route that has it told, `routes[2]` if it has none."""
    filtered_by: str | None = None
    """The filter rule that ended it; of the target's own filter, if a target stands beside it."""
    duplicate: bool = False
    """Dedup ended it: it said nothing new."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        told = (self.status, self.severity, self.category, self.route)
        if self.target is None and not (self.filtered_by or self.duplicate):
            raise ValueError("expected `target`, or why nobody is told: `filtered_by` or `duplicate: true`")
        if (self.filtered_by or self.duplicate) and any(told):
            raise ValueError("expected who is told or why nobody is, got both")
        if self.duplicate and (self.target or self.filtered_by):
            raise ValueError("expected `duplicate: true` alone: dedup comes before filters and targets")
        return self

    @property
    def is_told(self) -> bool:
        """Whether it names somebody who hears of the alert."""
        return self.target is not None and self.filtered_by is None


class Step(Section):
    """One alert that is sent."""

    model_config = ConfigDict(populate_by_name=True)

    at: Duration
    """When it is accepted, from the start of the case."""
    fire: Labels | None = None
    """All labels of an alert that fires."""
    resolve: Texts | None = None
    """Labels enough to tell which alert of the case is over."""
    annotations: dict[str, str] | None = None
    """None: as they were the last time."""
    starts_at: Annotated[Moment | None, Field(alias="startsAt")] = None
    """None: when it began to fire."""
    ends_at: Annotated[Moment | None, Field(alias="endsAt")] = None
    """Of a resolve; None: when it comes."""
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None = None
    """Whose alert it is, if its labels do not say."""
    model: Said | Literal["none"] | None = None
    """What the model says; None: what it said of this alert before, of a resolve what its firing was weighed by."""
    expect: list[Expected] | None = None
    """All who are told; None: it is not looked at."""

    @model_validator(mode="after")
    def _sends_one_alert(self) -> Self:
        if (self.fire is None) == (self.resolve is None):
            raise ValueError("expected one of `fire` and `resolve`, the labels of an alert")
        targets = [one.target for one in self.expect or () if one.target is not None]
        if len(set(targets)) < len(targets):
            raise ValueError("expected each target once in `expect`")
        return self


class Case(Section):
    """What happens to a configuration that has seen nothing yet."""

    name: Annotated[str, Field(min_length=1, max_length=300)]
    starts: Annotated[datetime, PlainValidator(_start)] = STARTS
    """What `at: 0s` is."""
    steps: Annotated[list[Step], Field(min_length=1)]
