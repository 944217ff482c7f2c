"""Records as they lie in Kafka: written, read, and their lines opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from alerts.record import decode, encode, open_alert
from benchmarks import events
from benchmarks.stage import Limit, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settings import Bench

_COUNT = 1000


def stages(_: Bench) -> Iterator[Stage]:
    """CPU an alert."""
    yield _encode()
    for count in (1, 100):
        yield _decode(count)
    yield _open()


def _encode() -> Stage:
    submissions = events.submissions(range(100))
    share = [
        ((one.position, one.owner, one.status.value, one.labels["alertname"], one.starts_at, one.ends_at), one.line)
        for one in submissions
    ]
    rows = [row for row, _ in share]
    limit = Limit("orjson.dumps of the header's rows", lambda: orjson.dumps(rows))
    return Stage("encode, 100-alert records", "alert", 100, lambda: encode(events.ENVELOPE, share).count(b"\n"), limit)


def _decode(count: int) -> Stage:
    (value,) = events.records(range(count))
    limit = Limit("split and orjson.loads of the header", lambda: orjson.loads(value.split(b"\n")[0]))
    return Stage(f"decode, {count}-alert records", "alert", count, lambda: len(decode(value, events.NOW_MS)), limit)


def _open() -> Stage:
    arrivals = events.arrivals(range(_COUNT))
    limit = Limit("orjson.loads of the same line", lambda: [orjson.loads(arrival.line) for arrival in arrivals])
    return Stage("open alert", "alert", _COUNT, lambda: len([open_alert(arrival) for arrival in arrivals]), limit)
