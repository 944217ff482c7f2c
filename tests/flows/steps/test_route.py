"""Each target is told once, in the order of the routes, unless a route, a filter or `enabled: false` leaves it out."""

from __future__ import annotations

import pytest

from alerts.config import Route as RouteRule
from alerts.config import Target
from alerts.decision import Classification, Severity, Verdict
from flows.steps.route import Route, Routing
from tests.support.events import FOUND, alert

SHOP = alert(labels={"alertname": "A", "team": "shop"})


def _target(name: str, **changes: object) -> Target:
    return Target.model_validate({"name": name, "kind": "webhook", **changes})


def _rule(*to: str, **asked: object) -> RouteRule:
    return RouteRule.model_validate({"to": list(to), **asked})


ALL = [_target("a"), _target("b"), _target("c")]


def _routing(*routes: RouteRule, targets: list[Target] = ALL, found: Classification = FOUND) -> Routing:
    return Route(routes, targets)(SHOP, found)


def test_without_routes_every_enabled_target_is_told() -> None:
    targets = [_target("a"), _target("b", enabled=False), _target("c")]
    assert _routing(targets=targets) == Routing(("a", "c"), ())


def test_first_route_that_holds_decides() -> None:
    assert _routing(_rule("a", match='team="x"'), _rule("b", match='team="shop"'), _rule("c")).targets == ("b",)


def test_route_that_says_continue_lets_the_next_be_looked_at() -> None:
    assert _routing(_rule("a", **{"continue": True}), _rule("b"), _rule("c")).targets == ("a", "b")


def test_continue_of_a_route_that_does_not_hold_says_nothing() -> None:
    assert _routing(_rule("a", match='team="x"', **{"continue": True}), _rule("b")).targets == ("b",)


def test_continue_at_the_last_route_ends_there() -> None:
    assert _routing(_rule("a", **{"continue": True})).targets == ("a",)


def test_target_named_twice_is_told_once_in_its_first_place() -> None:
    assert _routing(_rule("b", "a", "b", **{"continue": True}), _rule("a", "c")).targets == ("b", "a", "c")


def test_alert_no_route_holds_for_is_told_to_nobody_and_says_so() -> None:
    assert _routing(_rule("a", match='team="x"')) == Routing((), (Verdict("unrouted", "default", {}),))


def test_route_asks_what_was_classified() -> None:
    rules = [_rule("a", severity=["critical"]), _rule("b", category=["resource"]), _rule("c")]
    assert _routing(*rules).targets == ("b",)
    assert _routing(*rules, found=FOUND._replace(severity=Severity.CRITICAL)).targets == ("a",)


def test_each_route_that_held_is_in_the_decision_by_name_and_with_what_it_saw() -> None:
    routing = _routing(_rule("a", name="first", match='team="shop"', **{"continue": True}), _rule("b"))
    assert routing.verdicts == (Verdict("routed", "first", {"team": "shop"}), Verdict("routed", "routes[1]", {}))


def test_disabled_target_is_left_out_and_says_so() -> None:
    routing = _routing(_rule("a", "b"), targets=[_target("a", enabled=False), _target("b")])
    assert routing.targets == ("b",)
    assert Verdict("skipped", "a/disabled", {}) in routing.verdicts


def test_filter_of_a_target_leaves_out_that_target_only() -> None:
    mine = {"name": "not_shop", "when": 'team="shop"'}
    routing = _routing(targets=[_target("a", filter=[mine]), _target("b")])
    assert routing == Routing(("b",), (Verdict("skipped", "a/not_shop", {"team": "shop"}),))


@pytest.mark.parametrize(("names_critical", "expected"), [(False, ("a",)), (True, ())])
def test_critical_alert_passes_a_targets_filter_that_does_not_name_it(
    names_critical: bool, expected: tuple[str, ...]  # noqa: FBT001
) -> None:  # fmt: skip
    targets = [_target("a", filter=[{"name": "mine", "critical": names_critical}])]
    assert _routing(targets=targets, found=FOUND._replace(severity=Severity.CRITICAL)).targets == expected


def test_alert_whose_routing_raised_goes_to_every_enabled_target() -> None:
    route = Route([_rule("a")], [*ALL, _target("d", enabled=False)])
    assert route.if_it_raised(SHOP, FOUND, None, KeyError()) == Routing(
        ("a", "b", "c"), (Verdict("error", "KeyError", {}),)
    )


def test_routes_leave_no_trace_of_an_alert_in_the_next() -> None:
    route = Route([_rule("a", match='team="shop"'), _rule("b")], ALL)
    assert [route(one, FOUND).targets for one in (SHOP, alert(), SHOP)] == [("a",), ("b",), ("a",)]
