"""The table at the end."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import TYPE_CHECKING

from rich.table import Table

from tests.chaos import finding as findings
from tests.chaos.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.process import Life, Supervised
    from tests.chaos.run import Result

# Shorter than that and what a process takes at its start is all there is to see. Caches fill for longer: with five
# percent new alerts the gateway's of identities takes a quarter of an hour, so the first half of a life does not count.
_STEADY_FROM_S = 30.0
_STEADY_MIN_S = 60.0
_MB = 1e6


def table(result: Result) -> Table:
    """The figures for people."""
    sheet = Table(title="winnow chaos", show_header=False)
    for row in rows(result):
        sheet.add_row(*row)
    return sheet


def rows(result: Result) -> Iterator[tuple[str, str]]:
    """What was measured, and the figure."""
    world, faults = result.world, result.faults
    found = Counter(finding.what for finding in result.findings)
    kills = ", ".join(f"{victim} {count}" for victim, count in sorted(faults.kills.items()))
    others = Counter[str]()
    for (victim, fault), count in faults.count.items():
        others[f"receiver {victim}" if fault is Fault.MOOD else f"{victim} {fault.value}"] += count
    yield "accepted alerts", f"{world.feeder.count:,}"
    yield "notifications", f"{len(world.receivers.notes):,}"
    yield "kill -9", f"{sum(faults.kills.values())} ({kills})"
    yield "faults", "\n".join(f"{name}: {count}" for name, count in sorted(others.items()))
    yield (
        "answers",
        ", ".join(f"{status or 'none'}: {count:,}" for status, count in sorted(world.feeder.answers.items())),
    )
    yield "lost", str(len(lost(result)))
    yield "duplicates with the same id", f"{result.duplicates:,}"
    yield "duplicates with differing ids", str(found[findings.DIFFERING] + found[findings.SHARED])
    yield "firing after resolve", str(found[findings.FIRING_LAST])
    yield "overtaken", str(found[findings.OVERTAKEN] + found[findings.STALE_LAST])
    yield "other findings", str(len(result.findings) - sum(found[what] for what in _NAMED))
    yield "ledger", _ledger(result)
    yield "slowest 503 of the gateway", f"{world.feeder.slowest_503_s:.1f} s" if world.feeder.slowest_503_s else "none"
    for process in (*world.former, *world.flows, world.gateway):
        yield f"memory of the {process.command.name}", _memory(process)
        yield f"restart of the {process.command.name}", _restarts(process)
    yield "settled after", f"{result.settled_s:.0f} s"


_LOST = (findings.LOST, findings.UNDECIDED, findings.FALSE)
_NAMED = (
    *_LOST, findings.DIFFERING, findings.SHARED, findings.FIRING_LAST, findings.OVERTAKEN, findings.STALE_LAST,
)  # fmt: skip


def lost(result: Result) -> list[str]:
    """Names of the alerts that were accepted and have no end."""
    return sorted({one.name for one in result.findings if one.what in _LOST})


def _ledger(result: Result) -> str:
    told = result.ledger
    states = ", ".join(f"{state} {count:,}" for state, count in told.states.items())
    return f"exit {told.code}, {told.unaccounted} unaccounted of {told.accepted:,} ({states})"


def slope_mb_per_h(life: Life) -> float | None:
    """Of a least squares fit over the steady part of a life, its later half; None if that is too short."""
    ended = max((at for at, _ in life.memory), default=life.started)
    begins = life.started + max(_STEADY_FROM_S, (ended - life.started) / 2)
    steady = [(at, size) for at, size in life.memory if at >= begins and size]
    if not steady or steady[-1][0] - steady[0][0] < _STEADY_MIN_S:
        return None
    times, sizes = zip(*steady, strict=True)
    return statistics.linear_regression(times, sizes).slope * 3600 / _MB


def _memory(process: Supervised) -> str:
    longest = max(process.lives, key=lambda life: len(life.memory))
    most = max((size for life in process.lives for _, size in life.memory), default=0) / _MB
    slope = slope_mb_per_h(longest)
    return f"at most {most:.0f} MB, " + ("no life long enough for a slope" if slope is None else f"{slope:+.1f} MB/h")


def _restarts(process: Supervised) -> str:
    if not process.restarts_s:
        return "none"
    ordered = sorted(process.restarts_s)
    return f"median {statistics.median(ordered):.1f} s, slowest {ordered[-1]:.1f} s until ready ({len(ordered)})"
