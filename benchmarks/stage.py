"""Measures one stage in this process: CPU time for each item, in rounds, and the limit's in turns with it.

CPU time, not the clock: what else the machine does shows in it hardly at all.
"""

from __future__ import annotations

import gc
import math
import time
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.figure import Figure, shown

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 7
ROUND_NS = 50_000_000
"""How long a round takes at least: far above what the clocks can tell apart, and above a collection of garbage."""


class Limit(NamedTuple):
    """What no stage of its kind can be cheaper than."""

    what: str
    call: Callable[[], object]
    """Does it once, for as many items as the stage's call."""


class Stage(NamedTuple):
    """Something to measure."""

    what: str
    """Its name, unique: what two results are compared by."""
    item: str
    """What is counted: `alert`, `body`."""
    items: int
    """How many a call handles."""
    call: Callable[[], int]
    """Does it once, and says how many items it handled."""
    limit: Limit
    """Never missing: measured in turns, it tells a stage that became slower from a machine that did."""
    clock: Callable[[], int] = time.thread_time_ns
    """CPU time; `time.process_time_ns` where other threads do a part of it."""


def measure(stage: Stage, rounds: int = ROUNDS, round_ns: int = ROUND_NS) -> Figure:
    """CPU microseconds for each item: the median of the rounds; the ratio is the median of each round's.

    Raises:
        RuntimeError: The stage does not handle what it says.
    """
    handled = stage.call()
    if handled != stage.items:
        raise RuntimeError(f"{stage.what}: {handled} of {stage.items} items were handled")
    gc.collect()
    calls = _calls(stage.call, stage.clock, round_ns)
    limit_calls = _calls(stage.limit.call, stage.clock, round_ns)
    turns = [
        (_cost_us(stage.call, calls, stage), _cost_us(stage.limit.call, limit_calls, stage)) for _ in range(rounds)
    ]
    ours, theirs = zip(*turns, strict=True)
    return Figure(
        stage.what,
        median(ours),
        f"us/{stage.item}",
        f"{stage.limit.what}: {shown(median(theirs))} us",
        median(one / other for one, other in turns),
        cpu_us=median(ours),
        rounds=ours,
        limit_value=median(theirs),
        limit_rounds=theirs,
    )


def _calls(call: Callable[[], object], clock: Callable[[], int], round_ns: int) -> int:
    """So many take as long as a round should."""
    calls = 1
    while (took_ns := _took_ns(call, calls, clock)) * 8 < round_ns:
        calls *= 2
    return max(1, math.ceil(calls * round_ns / max(1, took_ns)))


def _cost_us(call: Callable[[], object], calls: int, stage: Stage) -> float:
    return _took_ns(call, calls, stage.clock) / 1000 / calls / stage.items


def _took_ns(call: Callable[[], object], calls: int, clock: Callable[[], int]) -> int:
    began_ns = clock()
    for _ in range(calls):
        call()
    return clock() - began_ns
