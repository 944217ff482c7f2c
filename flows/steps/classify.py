"""How bad an alert is and what it is about: own rules or the built-in table, then the alert's own label."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alerts.alert import Alert, Status
from alerts.builtin_rules import by_table
from alerts.decision import Classification, Judge, Severity

if TYPE_CHECKING:
    from alerts.config import ClassifyRule

_KNOWN = {severity.value: severity for severity in Severity if severity is not Severity.UNKNOWN}
_ALARMING = ("critical", "down", "failed", "error", "outage")


class Judged(NamedTuple):
    """What an event is taken for, and what its alert is taken for while it fires."""

    told: Classification
    """Of this event: what targets are told."""
    weighed: Classification
    """Of the alert when firing: what filter and route go by, so a resolve goes where its firing went."""


class Classify:
    """Judges alerts: the first rule that matches decides, and no rule lowers what the label calls critical."""

    def __init__(self, rules: list[ClassifyRule] | None) -> None:
        """Judge by the operator's own rules, or by the built-in table if None."""
        self._own = None if rules is None else [(rule.match, _found(rule)) for rule in rules]

    def __call__(self, alert: Alert) -> Judged:
        """What this event is taken for, and its alert when firing."""
        told = self._judge(alert)
        if alert.status is Status.FIRING:
            return Judged(told, told)
        return Judged(told, self._judge(alert._replace(status=Status.FIRING)))

    def _judge(self, alert: Alert) -> Classification:
        found = by_table(alert) if self._own is None else self._by_own(alert)
        if found is None:
            return _by_label(alert)
        if found.severity is not Severity.CRITICAL and alert.labels.get("severity", "").lower() == "critical":
            return found._replace(severity=Severity.CRITICAL)
        return found

    def _by_own(self, alert: Alert) -> Classification | None:
        assert self._own is not None
        return next((found for match, found in self._own if match.matches(alert.labels)), None)


def if_it_raised(alert: Alert, error: Exception) -> Judged:
    """What goes on when judging raised: the label's word, or unknown; doubt delivers."""
    severity = _KNOWN.get(alert.labels.get("severity", "").lower(), Severity.UNKNOWN)
    found = Classification(severity, "unknown", 0.0, Judge.RULES, "error", reasoning=type(error).__name__)
    return Judged(found, found)


def _found(rule: ClassifyRule) -> Classification:
    actions = tuple(rule.recommendations)
    return Classification(rule.severity, rule.category, rule.confidence, Judge.RULES, rule.name, actions)


def _by_label(alert: Alert) -> Classification:
    """No rule matched: the severity label if it is a known word, else what priority and name suggest."""
    severity = _KNOWN.get(alert.labels.get("severity", "").lower())
    if severity is not None:
        return Classification(severity, "unknown", 0.5, Judge.LABEL, "severity_label")
    name = alert.name.lower()
    if alert.labels.get("priority", "").upper() == "P1" or any(word in name for word in _ALARMING):
        return Classification(Severity.CRITICAL, "unknown", 0.4, Judge.RULES, "default")
    severity = Severity.WARNING if alert.status is Status.FIRING else Severity.INFO
    return Classification(severity, "unknown", 0.4, Judge.RULES, "default")
