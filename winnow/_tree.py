"""Filters, routes and targets as winnow.yaml has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from winnow._conditions import asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alerts.config import Config, FilterRule, Target

Fields = dict[str, Any]

EVERY = "every alert"


def plain(config: Config) -> Fields:
    """For machines."""
    return {
        "filter": [_rule(place, rule) for place, rule in enumerate(config.filter)],
        "routes": [
            {
                "place": place,
                "name": route.name,
                "conditions": asked(route, route.match),
                "to": route.to,
                "continue": route.go_on,
            }
            for place, route in enumerate(config.routes)
        ],
        "targets": [_target(target) for target in config.targets],
    }


def lines(config: Config) -> Iterator[str]:
    """For people."""
    tree = plain(config)
    yield "filter: the first rule that holds decides; without one the alert goes on"
    yield from _rules(tree["filter"], "filter", "  ")
    yield "routes: the first that holds decides, unless it goes on"
    off = {target.name for target in config.targets if not target.enabled}
    for route in tree["routes"]:
        to = ", ".join(f"{name} (disabled)" if name in off else name for name in route["to"])
        then = "; goes on" if route["continue"] else ""
        yield f"  {called('routes', route)}  {conditions(route)}  -> {to}{then}"
    yield "  else nobody is told" if config.routes else "  none: every alert goes to every enabled target"
    yield "targets"
    for target in tree["targets"]:
        notes = [] if target["enabled"] else ["disabled"]
        notes += [f"fallback {target['fallback']}"] if target["fallback"] else []
        yield f"  {target['name']}  {target['kind']}" + (f"  ({', '.join(notes)})" if notes else "")
        yield from _rules(target["filter"], "filter", "    ")


def called(above: str, rule: Fields) -> str:
    """A rule by its place, and its name if it has one."""
    name = f" ({rule['name']})" if rule["name"] else ""
    return f"{above}[{rule['place']}]{name}"


def conditions(rule: Fields) -> str:
    """All that it asks."""
    return ", ".join(rule["conditions"]) or EVERY


def _rules(rules: Sequence[Fields], above: str, indent: str) -> Iterator[str]:
    for rule in rules:
        critical = ", critical ones too" if rule["critical"] else ""
        yield f"{indent}{called(above, rule)}  {rule['action']}: {conditions(rule)}{critical}"


def _rule(place: int, rule: FilterRule) -> Fields:
    return {
        "place": place,
        "name": rule.name,
        "conditions": asked(rule, rule.when),
        "action": rule.action,
        "critical": rule.critical,
    }


def _target(target: Target) -> Fields:
    return {
        "name": target.name,
        "kind": target.kind,
        "enabled": target.enabled,
        "fallback": target.fallback,
        "filter": [_rule(place, rule) for place, rule in enumerate(target.filter)],
    }
