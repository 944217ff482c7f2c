"""What a run comes to: a table for people, and what is wrong."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks.load.check import quantiles
from benchmarks.load.recipe import QUANTILES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.load.recipe import Stage
    from benchmarks.load.run import Outcome

_NAMED_MAX = 5


def faults(outcome: Outcome) -> list[str]:
    """What is wrong, in words; empty if nothing is."""
    if outcome.recipe.stops:
        limits = list(_above(outcome, outcome.recipe.stages[0]))
    else:
        limits = [fault for stage in outcome.recipe.stages for fault in _above(outcome, stage)]
    return [*limits, *_lost(outcome)]


def _above(outcome: Outcome, stage: Stage) -> Iterator[str]:
    """Where a stage was beyond its limits."""
    http = outcome.seen[stage.name]
    for threshold in http.failed:
        yield f"{stage.name}: {threshold} does not hold"
    unanswered = http.begun - http.accepted - len(http.refused)
    if unanswered > 0 and not outcome.recipe.stops:
        yield f"{stage.name}: {unanswered:,} requests had no answer when k6 ended"
    late = quantiles(outcome.late_ms.get(stage.name, ()))
    for name, limit in outcome.recipe.arrival_ms.items():
        if late.get(name, 0.0) > limit:
            yield f"{stage.name}: POST to arrival {name} {_ms(late[name])} ms, more than {limit:g} ms"


def _lost(outcome: Outcome) -> Iterator[str]:
    told, book = outcome.told, outcome.book
    if told is not None:
        for what, names in (("missing", told.missing), ("extra", told.extra)):
            if names:
                yield f"{len(names):,} notifications {what}: {', '.join(names[:_NAMED_MAX])}"
    if book is None:
        return
    if book.accepted < outcome.sent.accepted:
        yield f"{outcome.sent.accepted:,} alerts were answered 202, and {book.accepted:,} are in Kafka"
    if book.unaccounted:
        yield f"{book.unaccounted:,} alerts have no end, the first {book.first}"


def ceiling(outcome: Outcome) -> str:
    """Up to where the machine held, of a scenario that looks for that."""
    held = ""
    for stage in outcome.recipe.stages:
        rate = f"{stage.rate * stage.alerts:,} alerts/s"
        if not outcome.seen[stage.name].begun:
            return f"stopped after {held or 'nothing'}"
        reasons = list(_above(outcome, stage))
        if reasons:
            return f"the machine is full at {rate}: {'; '.join(reasons)}; it held {held or 'no stage'}"
        held = rate
    return f"not full at {held}: the scenario ends here"


def table(outcome: Outcome) -> Table:
    """The figures: a column for each stage, and one for all of them if there are several."""
    stages = outcome.recipe.stages
    names = [stage.name for stage in stages] + (["all"] if len(stages) > 1 else [])
    sheet = Table(title=f"winnow load: {outcome.recipe.scenario}")
    for name in ("", *names, "at most"):
        sheet.add_column(name, justify="right" if name else "left")
    for what, by_stage in _http(outcome):
        sheet.add_row(what, *by_stage)
    sheet.add_section()
    for what, by_stage, limit in chain(_answered(outcome), _arrived(outcome)):
        sheet.add_row(what, *by_stage, *[""] * (len(names) - len(by_stage)), "" if limit is None else f"{limit:,g}")
    for rows in (_end_to_end(outcome), _used(outcome)):
        sheet.add_section()
        for what, text in rows:
            sheet.add_row(what, *[""] * (len(names) - 1), text)
    return sheet


def _http(outcome: Outcome) -> Iterator[tuple[str, list[str]]]:
    """Rows with a cell for each stage."""
    stages = outcome.recipe.stages
    seen = [outcome.seen[stage.name] for stage in stages]
    yield "alerts in a request", [f"{stage.alerts}" for stage in stages]
    yield "requests/s asked", [f"{stage.rate:,}" for stage in stages]
    yield "requests/s accepted", [f"{http.accepted / http.seconds:,.0f}" if http.seconds else "" for http in seen]
    yield "requests accepted", [f"{http.accepted:,}" for http in seen]
    yield "failed", [f"{len(http.refused):,}" for http in seen]
    yield "dropped: no sender free", [f"{http.dropped:,}" for http in seen]


def _answered(outcome: Outcome) -> Iterator[tuple[str, list[str], float | None]]:
    """Rows of what k6 waited for, and what they may be."""
    seen = [outcome.seen[stage.name] for stage in outcome.recipe.stages]
    for name in QUANTILES:
        cells = [_ms(http.ms[name]) if http.accepted else "" for http in seen]
        yield f"POST to answer, ms, {name}", cells, outcome.recipe.answer_ms.get(name)


def _arrived(outcome: Outcome) -> Iterator[tuple[str, list[str], float | None]]:
    """The same from POST to arrival, also over all stages."""
    by_stage = [outcome.late_ms.get(stage.name, ()) for stage in outcome.recipe.stages]
    late = [quantiles(values) for values in ([*by_stage, [*chain(*by_stage)]] if len(by_stage) > 1 else by_stage)]
    for name in QUANTILES:
        cells = [_ms(found[name]) if found else "" for found in late]
        yield f"POST to arrival, ms, {name}", cells, outcome.recipe.arrival_ms.get(name)


def _end_to_end(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Rows about the whole run."""
    told, book = outcome.told, outcome.book
    yield "alerts accepted", f"{outcome.sent.accepted:,}"
    yield "of them different", f"{len(outcome.sent.different):,}"
    if told is None:
        yield "notifications", "not seen: the targets are not ours"
    else:
        yield "notifications expected", f"{told.expected:,}"
        yield "arrived", f"{told.arrived:,}"
        yield "missing", f"{len(told.missing):,}"
        yield "extra", f"{len(told.extra):,}"
    if book is None:
        yield "unaccounted", "not checked: set WINNOW_CONFIG or KAFKA_BOOTSTRAP"
    else:
        yield "unaccounted", f"{book.unaccounted:,} of {book.accepted:,}"
        yield "all had their end after", f"{outcome.caught_up_s:.1f} s"


def _used(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Rows about what it took while k6 ran."""
    for name, usage in outcome.used.items():
        yield f"cores busy: {name}", f"{usage.cores:.2f}"
    for name, usage in outcome.used.items():
        if usage.memory_bytes is not None:
            before, after = (size / 1e6 for size in usage.memory_bytes)
            yield f"memory, MB: {name}", f"{before:,.0f} to {after:,.0f}"


def _ms(value: float) -> str:
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
