"""What a snapshot takes while the flow stands still, and what it takes to go on from it."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

from benchmarks import events
from benchmarks.stage import Limit, Stage
from benchmarks.stages.lane import lane
from flows.steps.dedup import Dedup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.delivery_json import Plain
    from benchmarks.settings import Bench
    from connectors.lane import Lane
    from flows.steps.dedup import State

_LIVE = 100_000
_WAITING = 1000


def stages(_: Bench) -> Iterator[Stage]:
    """CPU a live alert, and a delivery that waits; the limit copies as many bytes."""
    dedup, state = _live()
    saved = dedup.save(state)
    rows = bytearray(saved["rows"])
    copied = Limit("a copy of the rows", lambda: bytes(rows))
    yield Stage("snapshot of dedup, 100 k live", "alert", _LIVE, lambda: _pickled(dedup, state), copied)
    yield Stage(
        "resume dedup, 100 k live",
        "alert",
        _LIVE,
        lambda: len(dedup.resume(pickle.loads(pickle.dumps(saved))).memory),
        copied,
    )
    deliveries = events.deliveries(range(_WAITING), "hook")
    waiting = lane(deliveries)
    plain = waiting.snapshot()
    pickled = pickle.dumps(plain)
    alike = Limit("a pickle of the same", lambda: pickle.dumps(plain))
    yield Stage("snapshot of a lane, nothing changed", "delivery", _WAITING, lambda: _kept(waiting), alike)
    yield Stage("snapshot of a lane, all changed", "delivery", _WAITING, lambda: _kept(lane(deliveries)), alike)
    yield Stage("resume a lane", "delivery", _WAITING, lambda: _restored(pickled), alike)


def _live() -> tuple[Dedup, State]:
    """A memory of so many alerts that fire."""
    dedup = Dedup(events.WINDOW)
    state = dedup.begin()
    (arrival,) = events.arrivals(range(1))
    for number in range(_LIVE):
        dedup(state, arrival._replace(fingerprint=f"{number:016x}"))
    return dedup, state


def _pickled(dedup: Dedup, state: State) -> int:
    return len(state.memory) if pickle.dumps(dedup.save(state)) else 0


def _kept(waiting: Lane) -> int:
    return len(waiting) if pickle.dumps(waiting.snapshot()) else 0


def _restored(pickled: bytes) -> int:
    plain: Plain = pickle.loads(pickled)
    made = lane([])
    made.restore(plain)
    return len(made)
