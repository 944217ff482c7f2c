"""A webhook becomes records, one for each partition that its alerts belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.record import split
from benchmarks import events
from benchmarks.stage import Limit, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settings import Bench

_PARTITIONS = 32


def stages(_: Bench) -> Iterator[Stage]:
    """CPU an alert; the limit copies the same lines together and no more."""
    for count in (1, 100):
        yield _stage(count)


def _stage(count: int) -> Stage:
    submissions = events.submissions(range(count))

    def run() -> int:
        # A header line, then one for each alert.
        return sum(value.count(b"\n") for _, value in split(events.ENVELOPE, submissions, _PARTITIONS))

    limit = Limit("join of the same lines", lambda: b"\n".join([one.line for one in submissions]))
    return Stage(f"split, {count}-alert bodies, {_PARTITIONS} partitions", "alert", count, run, limit)
