"""Why an alert went where it went: what each step said, and what became of each delivery."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from alerts.alert import Alert

NAME_MAX_CHARS = 200
"""As much of an alert's name stands in a decision."""


class Severity(StrEnum):
    """How bad, in words; the order of the members is from worst to least."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    NOISE = "noise"
    UNKNOWN = "unknown"


class Judge(StrEnum):
    """Who classified."""

    LLM = "llm"
    CACHE = "cache"
    RULES = "rules"
    LABEL = "label"


class Verdict(NamedTuple):
    """What one step said of one alert."""

    outcome: str
    """A word of the step's own set, or `error` when the step raised and the alert went on."""
    rule: str
    """The rule that decided, by name; for `error` the exception's type."""
    saw: dict[str, str | int | float]
    """The values the rule looked at."""


class Classification(NamedTuple):
    """How bad an alert is and what it is about."""

    severity: Severity
    category: str
    confidence: float
    """0 to 1."""
    source: Judge
    rule: str
    """The rule that decided, by name."""
    recommendations: tuple[str, ...] = ()
    reasoning: str = ""


class Delivery(NamedTuple):
    """One notification to one target."""

    id: str
    """Of what it is about: the fingerprint and 16 more hex digits, so a repeat after a crash carries the same."""
    target: str
    """Name of the target in winnow.yaml."""
    transition: str
    """Which change of the alert this tells: `<status>/<startsAt>/<turn or input id>.<count>`."""
    alert: Alert
    classification: Classification
    untold_firing: bool = False
    """A resolve whose firing waited and was never confirmed: this message tells both."""
    only_closes: bool = False
    """A resolve that filters and routes send nowhere: told where its alert is open all the same, and nowhere else."""
    replayed: bool = False
    """Sent by hand from what lay in Kafka (`winnow replay --send`), under the id it had: whoever gets it can tell."""


class Outcome(StrEnum):
    """How a delivery ended."""

    DELIVERED = "delivered"
    DELIVERED_TO_FALLBACK = "delivered-to-fallback"
    """Its own target refused it or took nothing until the deadline; the target's fallback was told."""
    MERGED = "merged"
    """A newer notification of its alert took its place while it waited."""
    NOT_NEEDED = "not-needed"
    """Fired and resolved before an incident target could be told of either."""
    DEAD_LETTERED = "dead-lettered"
