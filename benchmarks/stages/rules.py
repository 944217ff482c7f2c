"""Filter, route and plan: who is told of an alert, and what is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.config import FilterRule
from alerts.config import Route as RouteRule
from benchmarks import events
from benchmarks.stage import Limit, Stage
from flows import plan
from flows.plan import Closing
from flows.steps.classify import Classify
from flows.steps.filter import Filter
from flows.steps.route import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alerts.alert import Alert
    from alerts.decision import Classification
    from benchmarks.settings import Bench

_COUNT = 1000
_TARGETS = ("oncall", "chat", "hook")


def stages(_: Bench) -> Iterator[Stage]:
    """CPU an alert; the limit is a loop that makes a tuple for each."""
    alerts = events.alerts(range(_COUNT))
    pairs = [(alert, judged.weighed) for alert, judged in zip(alerts, map(Classify(), alerts), strict=True)]
    for name, rules in {"no rules": [], "10 rules, none holds": [_deny(number) for number in range(10)]}.items():
        yield _stage(f"filter, {name}", Filter(rules), pairs)
    targets = [events.target("webhook", name) for name in _TARGETS]
    yield _stage("route, no routes, 3 targets", Route([], targets), pairs)
    for count in (10, 100):
        routes = [_to(number) for number in range(count - 1)] + [_to(count, "payments")]
        yield _stage(f"route, {count} routes, the last holds", Route(routes, targets), pairs)
    chunk = events.chunk(range(_COUNT), targets)
    keepers = Closing(targets)
    yield Stage(
        "plan deliveries, 3 targets",
        "alert",
        _COUNT,
        lambda: sum(len(planned) == len(_TARGETS) for planned in plan.deliveries(chunk, keepers)),
        _limit(pairs),
    )


def _deny(number: int) -> FilterRule:
    when = f'team=~"team-{number}.*",severity!="critical"'
    return FilterRule.model_validate({"name": f"rule-{number}", "when": when, "action": "deny"})


def _to(number: int, team: str = "other") -> RouteRule:
    return RouteRule.model_validate({"name": f"route-{number}", "match": f'team="{team}"', "to": [*_TARGETS]})


def _stage(
    what: str, step: Callable[[Alert, Classification], object], pairs: list[tuple[Alert, Classification]]
) -> Stage:
    return Stage(what, "alert", len(pairs), lambda: len([step(*pair) for pair in pairs]), _limit(pairs))


def _limit(pairs: list[tuple[Alert, Classification]]) -> Limit:
    return Limit("a tuple for each", lambda: [("allow", alert.name, found) for alert, found in pairs])
