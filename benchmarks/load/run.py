"""One run: what k6 sent, and what became of it."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from alerts.instant import rfc3339
from benchmarks.load import k6
from benchmarks.load.check import Sent, Told, sent, told
from benchmarks.load.ledger import Book, settled
from benchmarks.load.product import product
from benchmarks.load.receiver import Arrivals
from benchmarks.load.usage import Meter, Usage
from benchmarks.settings import Bench
from connectors.configuration import load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.load.recipe import Recipe

# A delivery that failed is tried again within a minute (connectors/job.py): then nothing comes any more.
_STALLED_S = 90.0
_LOOK_EVERY_S = 0.1


class Outcome(NamedTuple):
    """What came of a run."""

    recipe: Recipe
    seen: dict[str, k6.Http]
    """By stage."""
    used: dict[str, Usage]
    """By what, while k6 ran."""
    sent: Sent
    told: Told | None
    """None: the targets are somebody else's."""
    late_ms: Mapping[str, Sequence[float]]
    """By stage: from the POST to each arrival."""
    book: Book | None
    """None: nobody said where Kafka is."""
    caught_up_s: float
    """How long after the last request the last alert had its end."""


def here(asked: Recipe, scale: Mapping[str, str], bootstrap: str, say: Callable[[str], None]) -> Outcome:
    """Start Winnow on this Kafka, load it, wait until it has caught up; all has ended afterwards."""
    run = _now()
    arrivals = Arrivals(run)
    with TemporaryDirectory(prefix="winnow-load-") as folder, product(Bench(bootstrap, Path(folder)), arrivals) as own:
        say("warming up")
        own.warm_up(arrivals)
        since, meter = datetime.now(UTC), Meter(own.pids())
        seen = k6.run(asked, {**scale, "URL": f"http://127.0.0.1:{own.port}", "RUN": run}, Path(folder))
        used, ended, made = meter.read(), time.monotonic(), sent(asked, seen)
        own.check()
        say("waiting until everybody has been told")
        _await_arrivals(made, arrivals)
        book = settled(own.config, since, _STALLED_S)
        caught_up_s = time.monotonic() - ended
        own.check()
    return Outcome(asked, seen, used, made, told(made, arrivals.told), arrivals.late_ms, book, caught_up_s)


def there(asked: Recipe, scale: Mapping[str, str], url: str) -> Outcome:
    """Load a gateway that runs already; its ledger is read if the environment says where Kafka is."""
    is_told = any(os.environ.get(name) for name in ("WINNOW_CONFIG", "KAFKA_BOOTSTRAP"))
    config = load(needs_sources=False) if is_told else None
    since, meter = datetime.now(UTC), Meter({})
    with TemporaryDirectory(prefix="winnow-load-") as folder:
        seen = k6.run(asked, {**scale, "URL": url, "RUN": _now()}, Path(folder))
    used, ended = meter.read(), time.monotonic()
    book = None if config is None else settled(config, since, _STALLED_S)
    return Outcome(asked, seen, used, sent(asked, seen), None, {}, book, time.monotonic() - ended)


def _await_arrivals(made: Sent, arrivals: Arrivals) -> None:
    """Wait until all has arrived, or nothing does any more."""
    least = len(made.different) * len(arrivals.told)
    before, at = -1, time.monotonic()
    while sum(len(seen) for seen in arrivals.told.values()) < least and time.monotonic() - at < _STALLED_S:
        if arrivals.total != before:
            before, at = arrivals.total, time.monotonic()
        time.sleep(_LOOK_EVERY_S)


def _now() -> str:
    return rfc3339(time.time_ns() // 1_000_000)
