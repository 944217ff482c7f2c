"""How bad an alert is: by the built-in table, by own rules, by its label alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.alert import Status
from alerts.config import ClassifyRule
from benchmarks import events
from benchmarks.stage import Limit, Stage
from flows.steps.classify import Classify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.alert import Alert
    from benchmarks.settings import Bench

_COUNT = 1000
_RULES = 20


def stages(_: Bench) -> Iterator[Stage]:
    """CPU an alert; the limit looks its name up in a dict and makes a tuple."""
    alerts = events.alerts(range(_COUNT))
    unknown = [one._replace(name="Odd", labels={**one.labels, "alertname": "Odd"}) for one in alerts]
    over = [one._replace(status=Status.RESOLVED) for one in alerts]
    none = [_rule(number, f'team="team-{number}"') for number in range(_RULES)]
    last = [*none[:-1], _rule(_RULES, 'team="payments",namespace=~"pay.*"')]
    yield _stage("classify, built-in table", Classify(), alerts)
    yield _stage("classify, by the label alone", Classify(), unknown)
    yield _stage("classify, a resolve", Classify(), over)
    yield _stage(f"classify, {_RULES} own rules, the last holds", Classify(last), alerts)


def _rule(number: int, match: str) -> ClassifyRule:
    return ClassifyRule.model_validate({"name": f"rule-{number}", "match": match, "severity": "critical"})


def _stage(what: str, step: Classify, alerts: list[Alert]) -> Stage:
    names = {alert.name: ("warning", "application") for alert in alerts}
    limit = Limit("a dict of tuples", lambda: [(one, names[one.name]) for one in alerts])
    return Stage(what, "alert", len(alerts), lambda: len([step(alert) for alert in alerts]), limit)
