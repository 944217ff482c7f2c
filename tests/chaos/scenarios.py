"""Runs that measure one thing: called by name, `SCENARIO=outage`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.chaos.finding import DIFFERING, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.run import Result
    from tests.chaos.settings import Settings
    from tests.chaos.world import World

CHAOS, OUTAGE, MEMORY, NEIGHBOURS = "chaos", "outage", "memory", "neighbours"
NAMES = (CHAOS, OUTAGE, MEMORY, NEIGHBOURS)

_OUTAGE_RATE = 500.0
_AWAY_S = 60.0
_BEFORE_S = 15.0
_AFTER_S = 30.0
_ANSWER_MAX_S = 5.0
_NEW_SHARE = 0.05


def adapted(settings: Settings) -> Settings:
    """The settings as the scenario wants them."""
    if settings.scenario == OUTAGE:
        seconds = _BEFORE_S + _AWAY_S + _AFTER_S
        return settings._replace(rate=_OUTAGE_RATE, seconds=seconds, pace=0.0, produce_timeout=None)
    if settings.scenario == MEMORY:
        return settings._replace(new_share=_NEW_SHARE, pace=0.0, dedup_window="60s")
    return settings


def outage(world: World) -> None:
    """Kafka is away for a minute; blocks until it is back."""
    time.sleep(_BEFORE_S)
    world.log("broker", fault="kill -9", for_s=_AWAY_S)
    world.broker.kill()
    time.sleep(_AWAY_S)
    world.broker.start()
    world.log("broker", back="yes")


def is_meant(settings: Settings, finding: Finding) -> bool:
    """Whether the scenario causes it: a repeat after the window has an id of its own."""
    return settings.scenario == MEMORY and finding.what == DIFFERING


def findings(result: Result) -> Iterator[Finding]:
    """What is wrong beside what the oracle found."""
    feeder = result.world.feeder
    if result.world.settings.scenario == OUTAGE:
        if not feeder.answers.get(503):
            yield Finding("no 503", "-", "gateway", f"{feeder.answers}")
        if feeder.slowest_503_s > _ANSWER_MAX_S:
            yield Finding("slow 503", "-", "gateway", f"{feeder.slowest_503_s:.2f} s; at most {_ANSWER_MAX_S:g} s")
