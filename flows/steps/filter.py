"""Lets an alert through or ends it: the first rule that holds decides, and without one it passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.condition import Condition
from alerts.decision import Classification, Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.alert import Alert
    from alerts.config import FilterRule

ALLOW, DENY = "allow", "deny"

_DEFAULT = Verdict(ALLOW, "default", {})
_CRITICAL = Severity.CRITICAL


class Filter:
    """A list of filter rules. Critical alerts pass every rule that does not say `critical: true`."""

    def __init__(self, rules: Iterable[FilterRule]) -> None:
        self._rules = tuple((rule, Condition(rule, rule.when)) for rule in rules)

    def __call__(self, alert: Alert, weighed: Classification, alone: Classification | None = None) -> Verdict:
        """Allow or deny, with the rule that decided; what passes as the rules `alone` weigh it passes in any case."""
        if not self._rules:
            return _DEFAULT
        verdict = self._judge(alert, weighed)
        return self._judge(alert, alone) if verdict.outcome == DENY and alone is not None else verdict

    def _judge(self, alert: Alert, weighed: Classification) -> Verdict:
        is_critical = weighed.severity is _CRITICAL
        for rule, condition in self._rules:
            if (rule.critical or not is_critical) and condition.holds(alert, weighed):
                return Verdict(rule.action, rule.name, condition.saw(alert, weighed))
        return _DEFAULT


def if_it_raised(_alert: Alert, _weighed: Classification, _alone: Classification | None, error: Exception) -> Verdict:
    """What goes on when filtering raised: the alert; doubt delivers."""
    return Verdict("error", type(error).__name__, {})
