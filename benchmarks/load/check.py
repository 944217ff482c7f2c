"""Holds what arrived against what was sent: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.load.k6 import Http
    from benchmarks.load.recipe import Recipe


class Sent(NamedTuple):
    """The alerts of a run, by the label `instance`."""

    different: frozenset[str]
    """Of which a webhook was accepted."""
    doubtful: frozenset[str]
    """Of which all webhooks were refused or broken off, if they were sent: Winnow may have them all the same."""
    accepted: int
    """How often an alert was accepted, repeats too."""


class Told(NamedTuple):
    """What came of it; an alert is named `instance at target`."""

    expected: int
    """Each alert that was accepted, and each doubtful one that arrived anywhere, once at each target."""
    arrived: int
    missing: list[str]
    extra: list[str]
    """Told more than once, or never sent."""


def sent(recipe: Recipe, seen: Mapping[str, Http]) -> Sent:
    """What was sent by what k6 saw: its requests are numbered from 0 in each stage."""
    different: set[str] = set()
    doubtful: set[str] = set()
    cut = _cut(recipe, seen)
    for stage in recipe.stages:
        http = seen[stage.name]
        is_cut = stage.name in cut
        for request in range(max(http.begun, round(stage.rate * stage.seconds) + 1) if is_cut else http.begun):
            into = doubtful if is_cut or request in http.refused else different
            into.update(recipe.instances(stage, request))
    accepted = sum(seen[stage.name].accepted * stage.alerts for stage in recipe.stages)
    return Sent(frozenset(different), frozenset(doubtful - different), accepted)


def _cut(recipe: Recipe, seen: Mapping[str, Http]) -> set[str]:
    """The stages in which k6 broke off requests: it neither counts nor names all that was under way.

    Where it stopped by itself that is the last one that it counted anything of, or the one after.
    """
    cut = {name for name, http in seen.items() if http.begun != http.accepted + len(http.refused)}
    if recipe.stops and any(http.failed for http in seen.values()):
        begun = sum(seen[stage.name].begun > 0 for stage in recipe.stages)
        cut.update(stage.name for stage in recipe.stages[begun - 1 : begun + 1])
    return cut


def told(sent: Sent, arrived: Mapping[str, Mapping[str, int]]) -> Told:
    """Dedup lets each alert of a run through once, however often it was sent.

    Args:
        sent: What was sent.
        arrived: By target, how often each alert arrived there.
    """
    somewhere = frozenset(one for seen in arrived.values() for one in seen)
    expected = sent.different | (sent.doubtful & somewhere)
    missing = [f"{one} at {target}" for target, seen in arrived.items() for one in sorted(expected - seen.keys())]
    extra = [
        f"{one} at {target}"
        for target, seen in arrived.items()
        for one, count in sorted(seen.items())
        for _ in range(count - (one in expected))
    ]
    wanted = len(expected) * len(arrived)
    return Told(wanted, wanted - len(missing), missing, extra)


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 by nearest rank; empty if there are no values."""
    ordered = sorted(values)
    ranks = {"p50": 50, "p95": 95, "p99": 99}
    return {name: ordered[-(-len(ordered) * rank // 100) - 1] for name, rank in ranks.items()} if ordered else {}
