"""What the lanes show of their targets, as metrics and in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from prometheus_client import Counter, Gauge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.way import Way

log = structlog.get_logger()

target_gone = Gauge(
    "winnow_target_gone", "1 when the target answered 410: until a restart it is told nothing", ["target"]
)
target_held = Gauge("winnow_target_breaker_open", "1 while the target fails and is only probed", ["target"])
kept_alive = Gauge("winnow_alerts_kept_alive", "Alerts that heartbeats tell the target of", ["target"])
not_kept_alive = Counter(
    "winnow_alerts_not_kept_alive_total", "Alerts there was no room for among those kept alive", ["target"]
)


class Gauges:
    """Of one lane."""

    def __init__(self) -> None:
        self._gone: set[str] = set()
        self._held: set[str] = set()
        self._kept: dict[str, int] = {}
        self._left_out: dict[str, int] = {}

    def show(self, ways: Mapping[str, Way]) -> None:
        """Say which targets are gone or held back, and how many alerts are kept alive there."""
        for name, way in ways.items():
            target_held.labels(target=name).set(way.is_held_back)
            self._tell_held(name, way)
            if way.is_gone and name not in self._gone:
                self._gone.add(name)
                target_gone.labels(target=name).set(1)
                log.error("target_gone", target=name, status=410)
            if way.beats is not None:
                # Two lanes may lead to one target: that of another may fall back to it.
                kept_alive.labels(target=name).inc(len(way.beats) - self._kept.get(name, 0))
                self._kept[name] = len(way.beats)
                self._tell_left_out(name, way.beats.left_out)

    def _tell_held(self, name: str, way: Way) -> None:
        """Once when it begins to fail and once when it is back: a critical page may wait for an hour meanwhile."""
        if way.is_held_back and name not in self._held:
            self._held.add(name)
            log.warning("target_held_back", target=name, why="it keeps failing and is only probed", error=way.failure)
        elif not way.is_held_back and name in self._held:
            self._held.remove(name)
            log.info("target_back", target=name)

    def _tell_left_out(self, name: str, left_out: int) -> None:
        before = self._left_out.get(name, 0)
        if left_out == before:
            return
        if not before:
            log.error("alerts_not_kept_alive", target=name, why="too many are")
        not_kept_alive.labels(target=name).inc(left_out - before)
        self._left_out[name] = left_out
