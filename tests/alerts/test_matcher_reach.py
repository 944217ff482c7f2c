"""What is proven of matchers is so for every label there can be."""

from __future__ import annotations

from itertools import product

import pytest

from alerts.matcher_reach import Reach
from alerts.matchers import parse
from tests.support.configs import MATCHERS

VALUES = ("", "shop", "web", "db", "ops", "shoes", "security", "x", "NodeDown", "DiskFull", "HighCPU", "critical")
LABELS = ("team", "type", "alertname", "severity")
TEXTS = [*MATCHERS, "{}", *(f"{one},{other}" for one, other in product(MATCHERS, MATCHERS) if one < other)]


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ('a="x"', "{}"),
        ('a="x",b="y"', 'b="y"'),
        ('a="x"', 'a=~"x|y"'),
        ('a=~"x|y"', 'a=~"(x|y|z)"'),
        ('a="x"', 'a!="y"'),
        ('a=""', 'a!~".+"'),
        ('a=~"x.*"', 'a!=""'),
        ('a=~"x.*"', 'a=~"x.*"'),
        ('a!~"x|y|z"', 'a!~"y|z"'),
        ('a=~"x|y",a!="y"', 'a="x"'),
        ('a="x",a="y"', 'b="z"'),
    ],
)
def test_matchers_that_say_more_lie_in_those_that_say_less(inner: str, outer: str) -> None:
    assert Reach(parse(inner)).lies_in(Reach(parse(outer)))


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ("{}", 'a="x"'),
        ('b="y"', 'a="x",b="y"'),
        ('a=~"x|y"', 'a="x"'),
        ('a!="y"', 'a="x"'),
        ('a=~"x.y|z"', 'a=~"x.y"'),
        ('a!="x"', 'a!~"x|y"'),
        ('a="X"', 'a="x"'),
        ('a="x"', 'b="x"'),
        ('a=~"(?i)x|y"', 'a=~"x|y"'),
    ],
)
def test_matchers_that_say_less_do_not_lie_in_those_that_say_more(inner: str, outer: str) -> None:
    assert not Reach(parse(inner)).lies_in(Reach(parse(outer)))


def test_whatever_is_said_to_lie_in_holds_for_nothing_that_the_other_does_not() -> None:
    everything = [dict(zip(LABELS, values, strict=True)) for values in product(VALUES, repeat=len(LABELS))][::31]
    all_of = {text: [parse(text).matches(labels) for labels in everything] for text in TEXTS}
    reaches = {text: Reach(parse(text)) for text in TEXTS}
    pairs = [(one, other) for one, other in product(TEXTS, TEXTS) if reaches[one].lies_in(reaches[other])]
    assert len(pairs) > 2 * len(TEXTS)
    wrong = [pair for pair in pairs if any(inner > outer for inner, outer in zip(*map(all_of.get, pair), strict=True))]
    assert wrong == []
    assert [text for text, reach in reaches.items() if reach.is_empty and any(all_of[text])] == []


def test_values_are_those_that_all_matchers_of_the_label_let_pass() -> None:
    assert Reach(parse('a=~"x|y|z",a!="y",b=~"q.*"')).values("a") == frozenset("xz")
    assert Reach(parse('a=~"x|y|z",a!="y",b=~"q.*"')).values("b") is None
    assert Reach(None).values("a") is None
