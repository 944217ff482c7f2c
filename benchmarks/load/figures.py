"""The figures of a run, as `make bench` has them: for files that are compared and drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.figure import Figure
from benchmarks.load.check import quantiles
from benchmarks.load.recipe import QUANTILES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.load.recipe import Stage
    from benchmarks.load.run import Outcome

# A run is one; in its parts, each as long as the others, is seen how it drifts.
_ROUNDS = 5
_NONE = "<= 0"


def figures(outcome: Outcome) -> Iterator[Figure]:
    """Of each stage that was reached, then of the whole run."""
    for stage in outcome.recipe.stages:
        if outcome.seen[stage.name].accepted:
            yield from _stage(outcome, stage)
    if outcome.told is not None:
        yield Figure("notifications missing", len(outcome.told.missing), "", aim=_NONE)
        yield Figure("notifications extra", len(outcome.told.extra), "", aim=_NONE)
    if outcome.book is not None:
        yield Figure("alerts unaccounted", outcome.book.unaccounted, "", aim=_NONE)


def _stage(outcome: Outcome, stage: Stage) -> Iterator[Figure]:
    http, recipe = outcome.seen[stage.name], outcome.recipe
    asked = stage.rate * stage.alerts
    rate = http.accepted * stage.alerts / http.seconds
    yield Figure(f"{stage.name}: accepted", rate, "alerts/s", f"asked: {asked:,}/s", rate / asked, limit_value=asked)
    for name in QUANTILES:
        yield Figure(f"{stage.name}: POST to answer, {name}", http.ms[name], "ms", aim=_aim(recipe.answer_ms, name))
    late_ms = outcome.late_ms.get(stage.name, ())
    if not late_ms:
        return
    whole, parts = quantiles(late_ms), [quantiles(part) for part in _parts(late_ms)]
    for name in QUANTILES:
        rounds = tuple(part[name] for part in parts)
        aim = _aim(recipe.arrival_ms, name)
        yield Figure(f"{stage.name}: POST to arrival, {name}", whole[name], "ms", aim=aim, rounds=rounds)


def _aim(limits_ms: dict[str, float], name: str) -> str:
    return f"<= {limits_ms[name]:,g}" if name in limits_ms else ""


def _parts(values: Sequence[float]) -> list[Sequence[float]]:
    """In the order of arrival; one part if there are too few for quantiles of more."""
    size = len(values) // _ROUNDS
    return [values[size * part : size * (part + 1)] for part in range(_ROUNDS)] if size >= 100 else [values]
