"""What a model said of alerts, and how that came: the vocabulary that asking, deciding and the trail share."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from alerts.decision import Severity
from alerts.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Template(NamedTuple):
    """What alerts have in common that differ in numbers, addresses and names of instances only.

    The model is shown the template and never one alert, so that its answer holds for each of them.
    """

    id: str
    """16 hex digits, computed from what follows."""
    labels: tuple[tuple[str, str], ...]
    """Name and value of what the model is shown, sorted by name; redacted, and cut."""
    annotations: tuple[tuple[str, str], ...]
    """The same of annotations; numbers, hashes and addresses in them are masked."""


class Answer(NamedTuple):
    """What the model said of a template, validated: within the bounds of every field, not yet weighed against rules."""

    severity: Severity
    """Critical, warning, info or noise."""
    category: str
    confidence: float
    """0 to 1."""
    reasoning: str
    recommendations: tuple[str, ...]
    """At most five."""
    model: str
    prompt: str
    """Version and hash of the prompt, `1-0123456789ab`."""
    tokens: int
    """Of all calls that it took."""
    took_ms: int
    at_ms: int
    """When it came."""
    guards: tuple[str, ...] = ()
    """What of the reply was changed to make it fit: `confidence`, `text`, `links`."""


class How(StrEnum):
    """How a classification came about where there is a model."""

    ANSWERED = "answered"
    """The alert waited for this answer."""
    CACHED = "cached"
    """It was there already."""
    LATE = "late"
    """It did not come until the alert's deadline."""
    FAILED = "failed"
    """The call failed while the alert waited, or shortly before it."""
    HELD_BACK = "held-back"
    """The model's breaker was open, or it asked to be left alone."""
    OVER_BUDGET = "over-budget"
    """The calls of the minute, or the calls or tokens of the day, were used up."""
    STORM = "storm"
    """Too many new templates came within a minute."""
    TOO_MANY = "too-many"
    """As many alerts as may be were waiting already."""
    RESOLVED = "resolved"
    """A resolve waits for no model; it is weighed by what was last said of its template, if anything was."""
    UNRECORDED = "unrecorded"
    """Judged again from records of the past, which hold no answer for it."""


class Advice(NamedTuple):
    """What a model contributed to one alert."""

    template: str
    """Its id."""
    how: How
    answer: Answer | None
    """None: the rules decided alone."""


def to_plain(advice: Advice) -> dict[str, object]:
    """As decisions hold it: `how` and `template`, and of an answer all its fields under `answer`."""
    plain: dict[str, object] = {"how": advice.how.value, "template": advice.template}
    if advice.answer is not None:
        plain["answer"] = advice.answer._asdict()
    return plain


def from_plain(plain: Mapping[str, Any]) -> Advice:
    """What `to_plain` was given.

    Raises:
        FormatError: It is none.
    """
    try:
        found = plain.get("answer")
        answer = None if found is None else answer_of(found)
        return Advice(plain["template"], How(plain["how"]), answer)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"no advice: {type(error).__name__}: {error}") from error


def answer_of(fields: Mapping[str, Any]) -> Answer:
    """An answer out of its fields as JSON holds them."""
    typed = {
        "severity": Severity(fields["severity"]),
        "recommendations": tuple(fields["recommendations"]),
        "guards": tuple(fields["guards"]),
    }
    return Answer(**{**fields, **typed})
