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
    """Of which a webhook was accepted or broken off."""
    doubtful: frozenset[str]
    """Of which all webhooks were refused or left without an answer: Winnow may have them all the same."""
    broken_off: int
    """So many may be missing: k6 broke off their webhooks, and does not say which."""
    accepted: int
    """How often an alert was accepted, repeats too."""


class Told(NamedTuple):
    """What came of it; an alert is named `instance at target`."""

    expected: int
    """Each different alert, once at each target."""
    arrived: int
    missing: list[str]
    extra: list[str]
    """Told more than once, or never sent."""


def sent(recipe: Recipe, seen: Mapping[str, Http]) -> Sent:
    """What was sent by what k6 saw: its requests are numbered from 0 in each stage."""
    different: set[str] = set()
    refused: set[str] = set()
    broken_off = accepted = 0
    for stage in recipe.stages:
        http = seen[stage.name]
        for request in range(http.begun):
            (refused if request in http.refused else different).update(recipe.instances(stage, request))
        broken_off += (http.begun - http.accepted - len(http.refused)) * stage.alerts
        accepted += http.accepted * stage.alerts
    return Sent(frozenset(different), frozenset(refused - different), broken_off, accepted)


def told(sent: Sent, arrived: Mapping[str, Mapping[str, int]]) -> Told:
    """Dedup lets each alert of a run through once, however often it was sent.

    Args:
        sent: What was sent.
        arrived: By target, how often each alert arrived there.
    """
    nowhere = [one for one in sent.different if not any(one in seen for seen in arrived.values())]
    excused = frozenset(sorted(nowhere)[: sent.broken_off])
    expected = sent.different - excused
    missing = [f"{one} at {target}" for target, seen in arrived.items() for one in sorted(expected - seen.keys())]
    extra = [
        f"{one} at {target}"
        for target, seen in arrived.items()
        for one, count in sorted(seen.items())
        for _ in range(count - (one in expected or one in sent.doubtful))
    ]
    wanted = len(expected) * len(arrived)
    return Told(wanted, wanted - len(missing), missing, extra)


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 by nearest rank; empty if there are no values."""
    ordered = sorted(values)
    ranks = {"p50": 50, "p95": 95, "p99": 99}
    return {name: ordered[-(-len(ordered) * rank // 100) - 1] for name, rank in ranks.items()} if ordered else {}
