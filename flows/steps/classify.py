"""How bad an alert is and what it is about: own rules or the built-in table, then the alert's own label."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from alerts.alert import Alert, Status
from alerts.builtin_rules import by_table
from alerts.decision import Classification, Judge, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from alerts.advice import Advice
    from alerts.config import ClassifyRule

    Rule = Callable[[Alert], Classification | None]

_KNOWN = {severity.value: severity for severity in Severity if severity is not Severity.UNKNOWN}
_FIRING, _CRITICAL = Status.FIRING, Severity.CRITICAL
_ALARMING = ("critical", "down", "failed", "error", "outage")


class Judged(NamedTuple):
    """What an event is taken for, and what its alert is taken for while it fires."""

    told: Classification
    """Of this event: what targets are told."""
    weighed: Classification
    """Of the alert when firing: what filter and route go by, so a resolve goes where its firing went."""
    alone: Classification | None = None
    """What the rules alone weigh it, where a model had a say; whom that tells is told in any case."""
    advice: Advice | None = None
    """What the model had to say; None: there is none."""
    guards: tuple[str, ...] = ()
    """What was changed of the model's answer: `floor`, and those of the answer."""


class Opinion(NamedTuple):
    """What one judge says of an alert, whoever decides."""

    judge: str
    """Name of an own rule, `builtin` or `label`."""
    found: Classification | None
    """None: nothing."""


class Classify:
    """Judges alerts: the first rule that matches decides, and no rule lowers what the label calls critical."""

    def __init__(self, rules: Literal["builtin"] | Sequence[ClassifyRule | Literal["builtin"]] = "builtin") -> None:
        """Judge by the operator's own rules, the built-in table in its turn among them, or by that table alone."""
        asked = ("builtin",) if rules == "builtin" else rules
        self._names = tuple(rule if isinstance(rule, str) else rule.name for rule in asked)
        self._rules = tuple(by_table if isinstance(rule, str) else _own(rule) for rule in asked)
        self._alike: dict[int, Judged] = {}
        """What is said of an alert that fires, by the identity of what was found: of the few that are kept for ever."""

    def __call__(self, alert: Alert) -> Judged:
        """What this event is taken for, and its alert when firing."""
        told = self._judge(alert)
        if alert.status is _FIRING:
            return self._alike.get(id(told)) or self._alike.setdefault(id(told), Judged(told, told))
        return Judged(told, self._judge(alert._replace(status=Status.FIRING)))

    def opinions(self, alert: Alert) -> Iterator[Opinion]:
        """What each judge says, in the order in which they are asked; the first that says anything decides."""
        for name, rule in zip(self._names, self._rules, strict=True):
            yield Opinion(name, rule(alert))
        yield Opinion("label", _by_label(alert))

    def _judge(self, alert: Alert) -> Classification:
        for rule in self._rules:
            found = rule(alert)
            if found is not None:
                break
        else:
            return _by_label(alert)
        if found.severity is not _CRITICAL and alert.labels.get("severity", "").lower() == "critical":
            return _critical(found)
        return found


@cache
def _critical(found: Classification) -> Classification:
    return found._replace(severity=Severity.CRITICAL)


def if_it_raised(alert: Alert, error: Exception) -> Judged:
    """What goes on when judging raised: the label's word, or unknown; doubt delivers."""
    severity = _KNOWN.get(alert.labels.get("severity", "").lower(), Severity.UNKNOWN)
    found = Classification(severity, "unknown", 0.0, Judge.RULES, "error", reasoning=type(error).__name__)
    return Judged(found, found)


def _own(rule: ClassifyRule) -> Rule:
    actions = tuple(rule.recommendations)
    found = Classification(rule.severity, rule.category, rule.confidence, Judge.RULES, rule.name, actions)
    return lambda alert: found if rule.match.matches(alert.labels) else None


# Made once: few differ, and what a model adds to each is kept by the object (flows/guard_rails.py).
_LABELLED = {word: Classification(one, "unknown", 0.5, Judge.LABEL, "severity_label") for word, one in _KNOWN.items()}
_DEFAULT = {
    one: Classification(one, "unknown", 0.4, Judge.RULES, "default")
    for one in (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
}


def _by_label(alert: Alert) -> Classification:
    """No rule matched: the severity label if it is a known word, else what priority and name suggest."""
    labelled = _LABELLED.get(alert.labels.get("severity", "").lower())
    if labelled is not None:
        return labelled
    name = alert.name.lower()
    if alert.labels.get("priority", "").upper() == "P1" or any(word in name for word in _ALARMING):
        return _DEFAULT[Severity.CRITICAL]
    return _DEFAULT[Severity.WARNING if alert.status is Status.FIRING else Severity.INFO]
