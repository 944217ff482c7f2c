"""Measures a step alert by alert where somebody waits for the answer; all other chunks are spared the clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flows.chunk import Judging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from alerts.alert import Alert
    from flows.steps.classify import Judged


class Timed:
    """Judges as `step` does and notes how long each alert took."""

    def __init__(self, step: Callable[[Alert], Judged]) -> None:
        self._step = step
        self._took_ms: dict[str, float] = {}

    def __call__(self, alert: Alert) -> Judged:
        """What the step says."""
        began_ns = time.perf_counter_ns()
        try:
            return self._step(alert)
        finally:
            self._took_ms[alert.id] = (time.perf_counter_ns() - began_ns) / 1e6

    def judging(self, alerts: Iterable[Alert], judged: Iterable[Judged]) -> dict[str, Judging]:
        """By input id, what an answer tells of it beside the decision."""
        at_ms = time.time_ns() // 1_000_000
        return {
            alert.id: Judging(row.told.recommendations, at_ms, self._took_ms[alert.id])
            for alert, row in zip(alerts, judged, strict=True)
        }
