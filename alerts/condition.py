"""When a rule holds: its matchers over the labels, and what else filter rules and routes may ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from alerts.alert import Alert
from alerts.decision import Classification
from alerts.instant import instant

if TYPE_CHECKING:
    from alerts.config import Hours, Namespaces, When
    from alerts.matchers import Matchers

Saw = dict[str, str | int | float]
Check = Callable[[Alert, Classification], bool]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def namespace(alert: Alert) -> str:
    """The Kubernetes namespace it is about; empty if it names none."""
    return alert.labels.get("namespace") or alert.labels.get("kubernetes_namespace", "")


class Condition:
    """All that one rule asks; built once, asked for every alert."""

    def __init__(self, when: When, matchers: Matchers | None) -> None:
        self._matchers = matchers
        self._checks = tuple(_checks(when))
        self._asks_class = bool(when.severity or when.category or when.confidence_below is not None)
        self._asks_namespace = when.namespaces is not None
        self._asks_time = any((when.ended_before, when.started_before, when.hours))

    def holds(self, alert: Alert, found: Classification) -> bool:
        """Whether everything asked is so. An alert's age and the time of day are taken at its acceptance."""
        if self._matchers is not None and not self._matchers.matches(alert.labels):
            return False
        return all(check(alert, found) for check in self._checks)

    def saw(self, alert: Alert, found: Classification) -> Saw:
        """The values it looks at, for the decision: bounded by the rule, not by the alert."""
        seen: Saw = {}
        if self._matchers is not None:
            seen |= {name: alert.labels.get(name, "")[:200] for name in self._matchers.names}
        if self._asks_class:
            seen |= {
                "severity": found.severity.value,
                "category": found.category,
                "confidence": found.confidence,
            }
        if self._asks_namespace:
            seen["namespace"] = namespace(alert)[:200]
        if self._asks_time:
            seen |= {
                "startsAt": alert.starts_at,
                "endsAt": alert.ends_at or "",
                "accepted_ms": alert.envelope.accepted_ms,
            }
        return seen


def _checks(when: When) -> list[Check]:
    """One check for each condition given, cheapest first."""
    checks: list[Check] = []
    if when.status is not None:
        checks.append(lambda alert, _: alert.status is when.status)
    if when.severity:
        severities = frozenset(when.severity)
        checks.append(lambda _, found: found.severity in severities)
    if when.category:
        categories = frozenset(when.category)
        checks.append(lambda _, found: found.category in categories)
    if (below := when.confidence_below) is not None:
        checks.append(lambda _, found: found.confidence < below)
    if when.namespaces is not None:
        checks.append(_in_namespaces(when.namespaces))
    checks.extend(_age_checks(when))
    if when.hours is not None:
        checks.append(_in_hours(when.hours))
    return checks


def _age_checks(when: When) -> list[Check]:
    checks: list[Check] = []
    if (ended_before := when.ended_before) is not None:
        age_ms = ended_before.total_seconds() * 1000
        checks.append(lambda alert, _: alert.ends_at is not None and _age_ms(alert, alert.ends_at) >= age_ms)
    if (started_before := when.started_before) is not None:
        start_ms = started_before.total_seconds() * 1000
        checks.append(lambda alert, _: alert.ends_at is None and _age_ms(alert, alert.starts_at) >= start_ms)
    return checks


def _age_ms(alert: Alert, text: str) -> float:
    return alert.envelope.accepted_ms - instant(text).timestamp() * 1000


def _in_namespaces(namespaces: Namespaces) -> Check:
    include, exclude = frozenset(namespaces.include), frozenset(namespaces.exclude)

    def check(alert: Alert, _: Classification) -> bool:
        name = namespace(alert)
        return name not in exclude and (not include or name in include)

    return check


def _in_hours(hours: Hours) -> Check:
    zone, is_within = ZoneInfo(hours.zone), within(hours)
    return lambda alert, _: is_within(datetime.fromtimestamp(alert.envelope.accepted_ms / 1000, UTC).astimezone(zone))


def within(hours: Hours) -> Callable[[datetime], bool]:
    """Whether a moment, told in the zone of the hours, is one of theirs."""
    days = frozenset(hours.days or _DAYS)
    over_midnight = hours.end <= hours.start

    def check(local: datetime) -> bool:
        time, day = local.strftime("%H:%M"), local.weekday()
        if over_midnight and time < hours.end:  # the part after midnight belongs to the day it began on
            return _DAYS[day - 1] in days
        in_time = time >= hours.start if over_midnight else hours.start <= time < hours.end
        return in_time and _DAYS[day] in days

    return check
