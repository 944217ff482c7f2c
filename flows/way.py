"""The way of one alert through classify, filter and route: every rule that is looked at, and who is told in the end.

It is the steps themselves that judge. They are given rules that are named by their places (`filter[2]`), which no rule
of winnow.yaml can be, so that what they say names one rule and no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alerts.condition_parts import Part, parts
from alerts.decision import Severity
from flows.chunk import Chunk
from flows.plan import Closing, deliveries
from flows.steps.classify import Classify
from flows.steps.filter import DENY, Filter
from flows.steps.route import ROUTED, SKIPPED, Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.alert import Alert
    from alerts.config import Config, FilterRule, Target
    from alerts.config import Route as RouteRule
    from alerts.decision import Classification, Verdict
    from flows.steps.classify import Judged, Opinion
    from flows.steps.route import Routing


class Look(NamedTuple):
    """One rule that was looked at."""

    place: int
    holds: bool
    failed: tuple[Part, ...] = ()
    """What it asks that is not so; none at all for one that is spared."""
    spares: bool = False
    """It has no effect because the alert is critical and it does not say `critical: true`."""


class Told(NamedTuple):
    """Whether one target is told."""

    target: str
    is_told: bool
    routes: tuple[int, ...]
    """The places of the routes that held and name it."""
    filter: tuple[Look, ...]
    """Its own rules that were looked at."""
    only_closes: bool = False
    """Told of the resolve all the same, if the alert is open there."""


class Way(NamedTuple):
    """What became of one alert."""

    opinions: tuple[Opinion, ...]
    """What each judge says; the first that says anything decides, and no rule lowers what the label calls critical."""
    judged: Judged
    filter: tuple[Look, ...]
    is_denied: bool
    routes: tuple[Look, ...]
    """None if it was denied, or if there are no routes: then it goes to every enabled target."""
    targets: tuple[Told, ...]
    """Those that are told in the order they are, then the others as winnow.yaml has them."""


def way(config: Config, alert: Alert) -> Way:
    """The way the alert takes, if it is new to dedup and no model is asked."""
    classify = Classify(config.classify.rules)
    judged = classify(alert)
    verdict, looks = _filtered(config.filter, alert, judged.weighed)
    routing = Route([route.model_copy(update={"name": None}) for route in config.routes], _placed(config.targets))(
        alert, judged.weighed, judged.alone
    )
    is_denied = verdict.outcome == DENY
    routes = () if is_denied else tuple(_routed(config.routes, routing, alert, judged.weighed))
    targets = tuple(_told(config, alert, judged, verdict, routing))
    return Way(tuple(classify.opinions(alert)), judged, looks, is_denied, routes, targets)


def _placed(targets: Sequence[Target]) -> list[Target]:
    return [target.model_copy(update={"filter": _named(target.filter)}) for target in targets]


def _named(rules: Sequence[FilterRule]) -> list[FilterRule]:
    return [rule.model_copy(update={"name": f"filter[{place}]"}) for place, rule in enumerate(rules)]


def _filtered(rules: Sequence[FilterRule], alert: Alert, found: Classification) -> tuple[Verdict, tuple[Look, ...]]:
    """What a filter says, and the rules up to the one that decided."""
    named = _named(rules)
    verdict = Filter(named)(alert, found)
    decided = next((place for place, rule in enumerate(named) if rule.name == verdict.rule), len(rules))
    looks = [_passed(rule, alert, found, place) for place, rule in enumerate(rules[:decided])]
    return verdict, (*looks, *([Look(decided, holds=True)] if decided < len(rules) else []))


def _passed(rule: FilterRule, alert: Alert, found: Classification, place: int) -> Look:
    """A rule that did not decide."""
    if found.severity is Severity.CRITICAL and not rule.critical:
        return Look(place, holds=False, spares=True)
    failed = (part for part in parts(rule, rule.when) if not part.condition.holds(alert, found))
    return Look(place, holds=False, failed=tuple(failed))


def _routed(rules: Sequence[RouteRule], routing: Routing, alert: Alert, found: Classification) -> list[Look]:
    """The routes up to the last that was looked at."""
    held = {verdict.rule for verdict in routing.verdicts if verdict.outcome == ROUTED}
    looks: list[Look] = []
    for place, rule in enumerate(rules):
        if f"routes[{place}]" in held:
            looks.append(Look(place, holds=True))
            if not rule.go_on:
                break
            continue
        failed = (part for part in parts(rule, rule.match) if not part.condition.holds(alert, found))
        looks.append(Look(place, holds=False, failed=tuple(failed)))
    return looks


def _told(config: Config, alert: Alert, judged: Judged, verdict: Verdict, routing: Routing) -> list[Told]:
    chunk = Chunk(
        0, [], [], [], alerts=[alert], transitions=["?"], judged=[judged], filtered=[verdict], routed=[routing]
    )
    (planned,) = deliveries(chunk, Closing(config.targets))
    closes = {delivery.target: delivery.only_closes for delivery in planned}
    by_name = {target.name: target for target in config.targets}
    is_denied = verdict.outcome == DENY
    held = {one.rule for one in routing.verdicts if one.outcome == ROUTED and not is_denied}
    asked = {*routing.targets, *(one.rule.partition("/")[0] for one in routing.verdicts if one.outcome == SKIPPED)}
    told: list[Told] = []
    for name in dict.fromkeys([*closes, *by_name]):
        target = by_name[name]
        is_asked = target.enabled and name in asked and not is_denied
        looks = _filtered(target.filter, alert, judged.weighed)[1] if is_asked else ()
        routes = [place for place, route in enumerate(config.routes) if f"routes[{place}]" in held and name in route.to]
        told.append(Told(name, name in closes and not closes[name], tuple(routes), looks, closes.get(name, False)))
    return told
