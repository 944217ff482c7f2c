"""Verdicts that are asked for by name."""

from __future__ import annotations

from typing import get_args

import pytest

from alerts.config import FilterRule
from alerts.errors import MatcherError
from alerts.happening import STEPS, Sieve
from alerts.matchers import parse
from alerts.verdict_words import WORDS, check_verdicts
from flows import retried
from flows.steps import dedup, route


@pytest.mark.parametrize(
    ("step", "matchers", "told"),
    [
        (
            "filter",
            'verdict="denied"',
            "no verdict of filter is 'denied'; did you mean 'deny'? Known: allow, deny, error",
        ),
        (None, 'step="filter",verdict="filtered"', "no verdict of filter is 'filtered'; known: allow, deny, error"),
        (None, 'step="filtre"', "no step is called 'filtre'; known: dedup, classify, filter, route, publish"),
    ],
)
def test_word_that_no_step_says_is_refused_with_those_that_are_said(step: str | None, matchers: str, told: str) -> None:
    with pytest.raises(MatcherError) as refused:
        Sieve(step, parse(matchers))
    assert str(refused.value) == told


def test_word_of_another_step_is_refused() -> None:
    check_verdicts("publish", parse('verdict="merged"'))
    check_verdicts(None, parse('verdict="merged"'))
    with pytest.raises(MatcherError, match="no verdict of route is 'merged'"):
        check_verdicts("route", parse('verdict="merged"'))


def test_pattern_and_what_is_not_wanted_may_be_any_word() -> None:
    check_verdicts("filter", parse('verdict=~"denied.*",verdict!="denied"'))


def test_words_are_those_of_the_steps() -> None:
    assert tuple(WORDS) == STEPS
    assert {dedup.NEW, dedup.CHANGED, dedup.REPEAT, dedup.DUPLICATE, dedup.RENEWED, dedup.OVER} < {*WORDS["dedup"]}
    assert {route.ROUTED, route.SKIPPED} < {*WORDS["route"]}
    assert {retried.RETRIED, retried.DUPLICATE, retried.SUPERSEDED} < {*WORDS["publish"]}
    assert {*get_args(FilterRule.model_fields["action"].annotation)} < {*WORDS["filter"]}
