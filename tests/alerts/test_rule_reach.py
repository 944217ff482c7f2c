"""What is proven of rules is so for every alert there can be."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest

from alerts.condition import Condition, within
from alerts.config import FilterRule, Hours, Route
from alerts.rule_reach import RuleReach
from tests.support.configs import CONDITIONS, config, some_alert, some_classification

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _of(**rule: object) -> RuleReach:
    route = Route.model_validate({"to": ["a"], **rule})
    return RuleReach(route, route.match)


def _hours(start: str, end: str, *days: str, zone: str = "UTC") -> dict[str, object]:
    return {"start": start, "end": end, "days": list(days), "zone": zone}


INNER_AND_OUTER: list[tuple[dict[str, object], dict[str, object]]] = [
    ({"severity": ["critical"]}, {"severity": ["critical", "warning"]}),
    ({}, {"severity": ["critical", "warning", "info", "noise", "unknown"]}),
    ({"confidence_below": 0.3}, {"confidence_below": 0.4}),
    ({"ended_before": "24h"}, {"ended_before": "1h"}),
    ({"started_before": "24h"}, {"started_before": "1h"}),
    ({"namespaces": {"include": ["x"]}}, {"namespaces": {"exclude": ["y"]}}),
    ({"namespaces": {"include": ["x", "y"], "exclude": ["y"]}}, {"namespaces": {"include": ["x", "z"]}}),
    ({"namespaces": {"exclude": ["x", "y"]}}, {"namespaces": {"exclude": ["y"]}}),
    ({"hours": _hours("10:00", "11:00", "mon")}, {"hours": _hours("09:00", "17:00")}),
    ({"hours": _hours("00:00", "05:00", "tue")}, {"hours": _hours("22:00", "06:00", "mon")}),
    ({}, {"hours": _hours("00:00", "24:00")}),
    ({"status": "firing", "match": 'a="b"'}, {"status": "firing"}),
]


@pytest.mark.parametrize(("inner", "outer"), INNER_AND_OUTER)
def test_narrower_rule_lies_in_the_wider_and_not_the_other_way(
    inner: dict[str, object], outer: dict[str, object]
) -> None:
    assert _of(**inner).lies_in(_of(**outer))
    assert inner == {} or not _of(**outer).lies_in(_of(**inner))


def test_hours_of_two_zones_are_not_compared() -> None:
    inner, outer = _hours("10:00", "11:00"), _hours("00:00", "23:00", zone="Europe/Berlin")
    assert not _of(hours=inner).lies_in(_of(hours=outer))


def test_filter_rule_without_critical_does_not_cover_one_with_it() -> None:
    plain, critical = (RuleReach(FilterRule(name="x", critical=word), None) for word in (False, True))
    assert plain.lies_in(critical)
    assert not critical.lies_in(plain)


def test_hours_lie_in_others_exactly_if_every_half_hour_of_the_week_does() -> None:
    draw = Random(7)
    clocks = [f"{hour:02}:{half}" for hour in range(24) for half in ("00", "30")]
    week = [datetime(2024, 1, 1) + timedelta(minutes=30 * number) for number in range(7 * 48)]  # noqa: DTZ001 of any zone
    found = 0
    for _ in range(2000):
        inner, outer = (
            _hours(*draw.sample(clocks, 2), *draw.sample(DAYS, draw.choice((0, 1, 1, 5)))) for _ in range(2)
        )
        one, other = (within(Hours.model_validate(hours)) for hours in (inner, outer))
        is_so = all(other(at) for at in week if one(at))
        assert _of(hours=inner).lies_in(_of(hours=outer)) is is_so, (inner, outer)
        found += is_so
    assert found > 50


def test_one_or_two_conditions_said_to_lie_in_others_hold_for_no_alert_that_those_do_not() -> None:
    draw = Random(7)
    seen = [(some_alert(draw), some_classification(draw)) for _ in range(700)]
    routes = [
        Route.model_validate({"to": ["a"], **one, **other})
        for number, one in enumerate(CONDITIONS)
        for other in CONDITIONS[number:]
    ]
    held = [sum(Condition(route, None).holds(*one) << bit for bit, one in enumerate(seen)) for route in routes]
    reaches = [RuleReach(route, None) for route in routes]
    found = 0
    for inner, reach in enumerate(reaches):
        outers = [outer for outer, other in enumerate(reaches) if reach.lies_in(other)]
        found += len(outers)
        assert [(routes[inner], routes[outer]) for outer in outers if held[inner] & ~held[outer]] == []
    assert found > 10 * len(routes)


def test_rule_said_to_lie_in_another_holds_for_no_alert_that_the_other_does_not() -> None:
    draw = Random(7)
    seen = [(some_alert(draw), some_classification(draw)) for _ in range(500)]
    found = 0
    for _ in range(60):
        routes = config(draw).routes
        reaches = [RuleReach(route, route.match) for route in routes]
        held = [[Condition(route, route.match).holds(*one) for one in seen] for route in routes]
        for inner, reach in enumerate(reaches):
            assert not (reach.is_empty and any(held[inner]))
            for outer, other in enumerate(reaches):
                if inner != outer and reach.lies_in(other):
                    found += 1
                    assert all(map(bool.__le__, held[inner], held[outer])), (routes[inner], routes[outer])
    assert found > 50
