"""Records -> chunks of arrivals, as the flow's first step does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from alerts.record import Stored
from benchmarks import events
from benchmarks.stage import Limit, Stage
from flows.plumbing.keyed import ConvertLogic
from flows.steps.convert import Convert

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settings import Bench

_COUNT = 1000


def stages(_: Bench) -> Iterator[Stage]:
    """CPU an alert, the step alone and with what surrounds it in the flow; the limit decodes the header's line."""
    step = Convert()
    hundreds = events.records(range(_COUNT))
    ones = [value for number in range(_COUNT) for value in events.records(range(number, number + 1))]
    for name, values in (("100-alert records", hundreds), ("1-alert records", ones)):
        yield Stage(
            f"convert, {name}",
            "alert",
            _COUNT,
            lambda values=values: sum(len(step(value, events.NOW_MS)) for value in values),  # type: ignore[misc]
            Limit("split and orjson.loads of the header", lambda values=values: _headers(values)),  # type: ignore[misc]
        )
    stored = [Stored(0, offset, events.NOW_MS, value) for offset, value in enumerate(hundreds)]
    logic = ConvertLogic(step)
    yield Stage(
        "convert in the flow, 100-alert records",
        "alert",
        _COUNT,
        lambda: sum(len(chunk.arrivals) for chunk in logic.on_batch(stored)[0]),
        Limit("split and orjson.loads of the header", lambda: _headers(hundreds)),
    )


def _headers(values: list[bytes]) -> list[object]:
    return [orjson.loads(value.split(b"\n")[0]) for value in values]
