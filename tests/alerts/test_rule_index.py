"""Whoever asks the index finds all that whoever compares each with each would find."""

from __future__ import annotations

from itertools import product

from alerts.matcher_reach import Reach
from alerts.matchers import parse
from alerts.rule_index import RuleIndex
from tests.support.configs import MATCHERS

TEXTS = ["{}", *MATCHERS, *(f"{one},{other}" for one, other in product(MATCHERS, MATCHERS))]


def test_every_rule_that_one_lies_in_is_around_it() -> None:
    reaches = [reach for text in TEXTS if not (reach := Reach(parse(text))).is_empty]
    index = RuleIndex()
    for place, reach in enumerate(reaches):
        index.add(place, reach)
    for reach in reaches:
        around = index.around(reach)
        assert around == sorted(set(around))
        assert {place for place, other in enumerate(reaches) if reach.lies_in(other)} <= set(around)


def test_rules_for_other_values_are_not_around() -> None:
    index = RuleIndex()
    for number in range(1000):
        index.add(number, Reach(parse(f'severity=~"critical|warning",team="t{number}"')))
    assert index.around(Reach(parse('severity="critical",team="t7"'))) == [7]
