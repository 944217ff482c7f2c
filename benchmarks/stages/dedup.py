"""Arrivals -> state changes: new alerts, repeats, and both mixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.alert import Status
from benchmarks import events
from benchmarks.stage import Limit, Stage
from flows.chunk import Chunk
from flows.plumbing.keyed import DedupLogic
from flows.steps.dedup import Dedup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.alert import Arrival
    from benchmarks.settings import Bench

_COUNT = 1000


def stages(_: Bench) -> Iterator[Stage]:
    """CPU an alert; the limit is a loop that looks each up in a dict and keeps a tuple of it."""
    fresh = events.arrivals(range(_COUNT))
    resolved = [one._replace(status=Status.RESOLVED, ends_at=one.starts_at) for one in fresh]
    mixed = [fresh[place % (_COUNT // 10)] for place in range(_COUNT)]
    dedup = Dedup(events.WINDOW)
    known = dedup.begin()
    for arrival in fresh:
        dedup(known, arrival)
    yield _anew("dedup, all new", fresh)
    yield Stage(
        "dedup, all repeats",
        "alert",
        _COUNT,
        lambda: sum(dedup(known, arrival).transition is None for arrival in fresh),
        _limit(fresh),
    )
    yield _anew("dedup, nine of ten repeats", mixed)
    yield _anew("dedup, each firing then resolved", [*fresh[: _COUNT // 2], *resolved[: _COUNT // 2]])
    logic = DedupLogic(dedup, None)
    chunk = Chunk(0, fresh, [], [(0, _COUNT)])
    list(logic.on_batch([chunk])[0])
    yield Stage(
        "dedup in the flow, all repeats",
        "alert",
        _COUNT,
        lambda: sum(len(done.seen) - len(done.alerts) for done in logic.on_batch([chunk])[0]),
        _limit(fresh),
    )


def _anew(what: str, arrivals: list[Arrival]) -> Stage:
    """With nothing known at the beginning of each call."""
    dedup = Dedup(events.WINDOW)

    def run() -> int:
        state = dedup.begin()
        return len([dedup(state, arrival) for arrival in arrivals])

    return Stage(what, "alert", len(arrivals), run, _limit(arrivals))


def _limit(arrivals: list[Arrival]) -> Limit:
    def run() -> None:
        known: dict[str, tuple[int, str]] = {}
        for arrival in arrivals:
            if known.get(arrival.fingerprint) is None:
                known[arrival.fingerprint] = (arrival.envelope.accepted_ms, arrival.status)

    return Limit("a dict of tuples", run)
