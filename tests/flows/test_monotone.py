"""No answer whatsoever takes a page from anybody, or lowers what anybody is told. `make safety` looks harder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis.errors import NoSuchExample

from alerts.decision import Severity
from flows.guard_rails import weigh
from flows.steps.classify import Classify, Judged, if_it_raised
from flows.steps.filter import DENY, Filter
from flows.steps.route import Route
from tests.support.worlds import WORLD, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.advice import Advice

    Weigh = Callable[[Judged, Advice], Judged]

EXAMPLES = int(os.environ.get("WINNOW_EXAMPLES", "2000"))
RANK = {Severity.CRITICAL: 3, Severity.WARNING: 2, Severity.UNKNOWN: 2, Severity.INFO: 1, Severity.NOISE: 0}
# What is found is not made smaller, for nobody looks at it.
LOOKING = settings(max_examples=5000, derandomize=True, database=None, phases=[Phase.generate])


def _judged(world: World) -> Judged:
    if world.has_raised:
        return if_it_raised(world.alert, RuntimeError())
    return Classify([*world.rules, "builtin"])(world.alert)


def _told(world: World, judged: Judged) -> set[str]:
    """Who is told, by the steps as the flow asks them."""
    if Filter(world.filters)(world.alert, judged.weighed, judged.alone).outcome == DENY:
        return set()
    return {*Route(world.routes, world.targets)(world.alert, judged.weighed, judged.alone).targets}


def _harms(world: World, weigh: Weigh) -> bool:
    """Whether somebody whom the rules alone would tell is not told, of something milder, or not what they recommend."""
    alone = _judged(world)
    advised = weigh(alone, world.advice)
    is_milder = RANK[advised.told.severity] < RANK[alone.told.severity]
    said = alone.told.recommendations
    is_silent = advised.told.recommendations[: len(said)] != said
    return is_milder or is_silent or not _told(world, alone) <= _told(world, advised)


@settings(max_examples=EXAMPLES, derandomize=True, database=None)
@given(WORLD)
def test_whoever_is_told_by_the_rules_alone_is_told_no_less_with_any_answer(world: World) -> None:
    assert not _harms(world, weigh)


def _as_it_says(judged: Judged, advice: Advice) -> Judged:
    assert advice.answer is not None
    said = judged.told._replace(severity=advice.answer.severity)
    return weigh(judged, advice)._replace(told=said, weighed=said)


def _without_alone(judged: Judged, advice: Advice) -> Judged:
    return weigh(judged, advice)._replace(alone=None)


def _that_forgets_routes_by_category(judged: Judged, advice: Advice) -> Judged:
    """It keeps the severity, but goes by the model's category and confidence only."""
    weighed = weigh(judged, advice)
    return weighed._replace(alone=weighed.weighed)


@pytest.mark.parametrize("broken", [_as_it_says, _without_alone, _that_forgets_routes_by_category])
def test_broken_guard_rails_are_found_out(broken: Weigh) -> None:
    try:
        world = find(WORLD, lambda world: _harms(world, broken), settings=LOOKING)
    except NoSuchExample:
        pytest.fail("nothing was found")
    assert not _harms(world, weigh)


@pytest.mark.parametrize("part", ["rules", "filters", "routes", "raised", "resolved", "fewer"])
def test_worlds_differ_enough_to_find_harm(part: str) -> None:
    """Among them are those in which each part decides."""
    holds: dict[str, Callable[[World], bool]] = {
        "rules": lambda world: _judged(world).weighed.rule == "own",
        "filters": lambda world: Filter(world.filters)(world.alert, _judged(world).weighed).outcome == DENY,
        "routes": lambda world: 0 < len(_told(world, _judged(world))) < 3 and len(world.routes) > 1,
        "raised": lambda world: _judged(world).weighed.severity is Severity.UNKNOWN,
        "resolved": lambda world: (judged := _judged(world)).told.severity != judged.weighed.severity,
        "fewer": lambda world: (
            len(_told(world, weigh(_judged(world), world.advice))) > len(_told(world, _judged(world)))
        ),
    }
    assert find(WORLD, holds[part], settings=LOOKING)
