"""The way of one alert, for people and for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alerts.instant import rfc3339
from winnow import _advice
from winnow._conditions import words
from winnow._tree import called, conditions
from winnow._tree import plain as tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alerts.alert import Alert
    from alerts.config import Config
    from alerts.decision import Classification
    from flows.way import Look, Told, Way

Fields = dict[str, Any]

_FOUND = ("severity", "category", "confidence", "source", "rule")
_SPARED = "has no effect on critical alerts"


def plain(config: Config, alert: Alert, way: Way) -> Fields:
    """For machines: of each step the rules that were looked at, and of each target whether it is told and why."""
    tree = tree_of(config)
    filters = {target["name"]: target["filter"] for target in tree["targets"]}
    return {
        "name": alert.name,
        "fingerprint": alert.fingerprint,
        "status": alert.status.value,
        "accepted_at": rfc3339(alert.envelope.accepted_ms),
        "classify": {
            "judges": [
                {"judge": judge, "found": None if found is None else _found(found)} for judge, found in way.opinions
            ],
            "told": _found(way.judged.told),
            "weighed": _found(way.judged.weighed),
        },
        "filter": {"outcome": "deny" if way.is_denied else "allow", "looked_at": _looks(tree["filter"], way.filter)},
        "routes": _looks(tree["routes"], way.routes),
        "targets": [_target(config, way, told, filters[told.target]) for told in way.targets],
    }


def lines(config: Config, alert: Alert, way: Way) -> Iterator[str]:
    """For people."""
    found = plain(config, alert, way)
    yield f"{found['status']}  {found['name']}  {found['fingerprint']}  at {found['accepted_at']}"
    yield from _classified(found["classify"])
    if config.classify.llm is not None:
        yield "  model: not asked; whoever is told here is told whatever it says, it can add to them"
    yield "filter"
    for rule in found["filter"]["looked_at"]:
        yield _look("filter", rule, rule["action"])
    if not any(rule["holds"] for rule in found["filter"]["looked_at"]):
        yield "  no rule holds: allow"
    yield "routes"
    for rule in found["routes"]:
        yield _look("routes", rule, f"-> {', '.join(rule['to'])}{'; goes on' if rule['continue'] else ''}")
    yield from _no_route(config, way)
    yield "targets"
    for target in found["targets"]:
        yield f"  {'told' if target['told'] else 'not told':<10}{target['name']}: {target['why']}"


def _classified(found: Fields) -> Iterator[str]:
    yield "classify"
    for one in found["judges"]:
        said = "says nothing" if one["found"] is None else _advice.rule(one["found"])
        yield f"  {one['judge']}: {said}"
    yield f"  = {_advice.rule(found['told'])}"
    if found["weighed"] != found["told"]:
        yield f"  filtered and routed as its firing: {_advice.rule(found['weighed'])}"


def _no_route(config: Config, way: Way) -> Iterator[str]:
    if way.is_denied:
        yield "  not looked at: the filter ends it"
    elif not config.routes:
        yield "  none: every alert goes to every enabled target"
    elif not any(look.holds for look in way.routes):
        yield "  no route holds: nobody is told"


def _look(above: str, rule: Fields, then: str) -> str:
    if rule["holds"]:
        return f"  yes  {called(above, rule)}  {conditions(rule)}  {then}"
    return f"  no   {called(above, rule)}  {rule['why_not']}"


def _looks(rules: Sequence[Fields], looks: Sequence[Look]) -> list[Fields]:
    return [{**rules[look.place], "holds": look.holds, "why_not": _why_not(look)} for look in looks]


def _why_not(look: Look) -> str | None:
    if look.holds:
        return None
    return _SPARED if look.spares else "not so: " + ", ".join(words(part) for part in look.failed)


def _target(config: Config, way: Way, told: Told, rules: Sequence[Fields]) -> Fields:
    return {
        "name": told.target,
        "told": told.is_told,
        "only_closes": told.only_closes,
        "why": _why(config, way, told, rules),
        "routes": list(told.routes),
        "filter": _looks(rules, told.filter),
    }


def _why(config: Config, way: Way, told: Told, rules: Sequence[Fields]) -> str:
    tree = tree_of(config)["routes"]
    by = ", ".join(called("routes", tree[place]) for place in told.routes)
    decided = next((called("filter", rules[look.place]) for look in told.filter if look.holds), "")
    if told.is_told:
        own = f"; its own {decided} allows it" if decided else ""
        return (f"by {by}" if by else "there are no routes") + own
    closing = "; if it is open there, it is closed all the same" if told.only_closes else ""
    return _reason(config, way, told, decided) + closing


def _reason(config: Config, way: Way, told: Told, decided: str) -> str:
    if not next(target.enabled for target in config.targets if target.name == told.target):
        return "it is disabled"
    if way.is_denied:
        place = way.filter[-1].place
        return f"filter[{place}] ({config.filter[place].name}) ends the alert"
    return f"its own {decided} ends the alert" if decided else "no route that held names it"


def _found(found: Classification) -> Fields:
    return {name: getattr(found, name) for name in _FOUND}
