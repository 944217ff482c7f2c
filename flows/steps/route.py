"""Who is told: one target after another, first by the routes, then by each target's own filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alerts.condition import Condition
from alerts.decision import Classification, Verdict
from flows.steps.filter import DENY, Filter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.alert import Alert
    from alerts.config import Route as RouteRule
    from alerts.config import Target

NO_ROUTE = "unrouted"
ROUTED = "routed"
SKIPPED = "skipped"


class Routing(NamedTuple):
    """Where an alert goes."""

    targets: tuple[str, ...]
    """Names, each once, in the order the routes name them."""
    verdicts: tuple[Verdict, ...]
    """One for each route that held, and for each target that was left out."""


class Route:
    """The routes of winnow.yaml; without any, every alert goes to every enabled target."""

    def __init__(self, routes: Sequence[RouteRule], targets: Sequence[Target]) -> None:
        self.everyone = tuple(target.name for target in targets if target.enabled)
        self._filters = {target.name: Filter(target.filter) for target in targets if target.enabled}
        self._routes = tuple(
            (route.name or f"routes[{number}]", Condition(route, route.match), tuple(route.to), route.go_on)
            for number, route in enumerate(routes)
        )
        asks = routes or any(target.filter for target in targets if target.enabled)
        self._always = None if asks else Routing(self.everyone, ())
        """What is said of every alert; None: that depends on it."""

    def __call__(self, alert: Alert, weighed: Classification, alone: Classification | None = None) -> Routing:
        """The targets of one alert, those among them that it has as the rules `alone` weigh it."""
        routing = self._always or self._route(alert, weighed)
        return routing if alone is None else _together(routing, self._route(alert, alone))

    def _route(self, alert: Alert, weighed: Classification) -> Routing:
        names, verdicts = self._by_routes(alert, weighed) if self._routes else (self.everyone, [])
        targets: list[str] = []
        for name in dict.fromkeys(names):
            own_filter = self._filters.get(name)
            if own_filter is None:
                verdicts.append(Verdict(SKIPPED, f"{name}/disabled", {}))
                continue
            verdict = own_filter(alert, weighed)
            if verdict.outcome == DENY:
                verdicts.append(Verdict(SKIPPED, f"{name}/{verdict.rule}", verdict.saw))
            else:
                targets.append(name)
        return Routing(tuple(targets), tuple(verdicts))

    def _by_routes(self, alert: Alert, weighed: Classification) -> tuple[tuple[str, ...], list[Verdict]]:
        names: tuple[str, ...] = ()
        verdicts: list[Verdict] = []
        for name, condition, to, go_on in self._routes:
            if condition.holds(alert, weighed):
                names += to
                verdicts.append(Verdict(ROUTED, name, condition.saw(alert, weighed)))
                if not go_on:
                    break
        if not verdicts:
            verdicts.append(Verdict(NO_ROUTE, "default", {}))
        return names, verdicts

    def if_it_raised(
        self, _alert: Alert, _weighed: Classification, _alone: Classification | None, error: Exception
    ) -> Routing:
        """Where an alert goes when routing raised: to every enabled target; doubt delivers."""
        return Routing(self.everyone, (Verdict("error", type(error).__name__, {}),))


def _together(advised: Routing, alone: Routing) -> Routing:
    """Whoever is told by either; the verdicts by which only the rules alone tell somebody come last."""
    added = tuple(name for name in alone.targets if name not in advised.targets)
    if not added:
        return advised
    more = (verdict for verdict in alone.verdicts if verdict.outcome == ROUTED and verdict not in advised.verdicts)
    kept = (verdict for verdict in advised.verdicts if not _skips(verdict, added))
    return Routing((*advised.targets, *added), (*kept, *more))


def _skips(verdict: Verdict, names: Sequence[str]) -> bool:
    """Whether it says that one of these is left out."""
    return verdict.outcome == SKIPPED and verdict.rule.partition("/")[0] in names
