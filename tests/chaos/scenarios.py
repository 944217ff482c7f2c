"""Runs that measure one thing: called by name, `SCENARIO=outage`."""

from __future__ import annotations

import signal
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from tests.chaos import cluster
from tests.chaos.finding import DIFFERING, Finding
from tests.chaos.hosts import ALONE, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.chaos.faults import Faults
    from tests.chaos.hosts import Hosts
    from tests.chaos.run import Result
    from tests.chaos.settings import Settings
    from tests.chaos.world import World

CHAOS, OUTAGE, MEMORY, NEIGHBOURS, CLUSTER = "chaos", "outage", "memory", "neighbours", "cluster"
NAMES = (CHAOS, OUTAGE, MEMORY, NEIGHBOURS, CLUSTER)

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
    if settings.scenario == CLUSTER:
        return settings._replace(rate=cluster.RATE, seconds=0.0, pace=0.0, processes=cluster.COUNT)
    return settings


def hosts(settings: Settings) -> AbstractContextManager[Hosts]:
    """Where the flow runs."""
    return opened(cluster.MOST) if settings.scenario == CLUSTER else nullcontext(ALONE)


def disturbance(world: World, faults: Faults, say: Callable[[str], None]) -> Callable[[], None] | None:
    """What breaks, if it is not what the seed says."""
    if world.settings.scenario == OUTAGE:
        return lambda: outage(world)
    if world.settings.scenario == CLUSTER:
        return cluster.Disturber(world, faults, say).run
    return None


def outage(world: World) -> None:
    """Kafka is away for a minute; blocks until it is back."""
    time.sleep(_BEFORE_S)
    world.log("broker", fault="kill -9", for_s=_AWAY_S)
    world.broker.kill()
    time.sleep(_AWAY_S)
    world.broker.start()
    world.log("broker", back="yes")


def is_good_end(world: World, code: int | None) -> bool:
    """Whether a process may end with this status after SIGTERM: those of a cluster end at once, and take each other."""
    return code == 0 or (len(world.flows) > 1 and code in {-signal.SIGTERM, 1})


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
