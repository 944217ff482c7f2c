"""What a scenario of k6/ sends, as it says itself: how much of it, and which alert is new."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUANTILE = re.compile(r"p\((\d+)\)<(\d+)")
QUANTILES = ("p50", "p95", "p99")


class Stage(NamedTuple):
    """One stage of a scenario."""

    name: str
    rate: int
    """Requests a second."""
    seconds: float
    alerts: int
    """In each request."""


class Recipe(NamedTuple):
    """A scenario, scaled."""

    scenario: str
    stages: tuple[Stage, ...]
    fresh_every: int
    """One of so many alerts is new; 0: none."""
    pool: int
    """So many alerts the others are, in turn."""
    answer_ms: dict[str, float]
    """What POST to answer may take at the most, by quantile: k6's thresholds."""
    arrival_ms: dict[str, float]
    """The same of POST to arrival."""
    stops: bool
    """Whether it looks for the stage at which the machine is full."""

    def instances(self, stage: Stage, request: int) -> Iterator[str]:
        """The label `instance` of each alert in a request of a stage: `identity` of k6/lib/scenario.js, said again."""
        for index in range(request * stage.alerts, (request + 1) * stage.alerts):
            is_new = self.fresh_every and index % self.fresh_every == 0
            yield f"{stage.name}-{index}" if is_new else f"again-{index % self.pool}"


def recipe(scenario: str, options: dict[str, Any]) -> Recipe:
    """Read the options of a scenario as `k6 inspect` prints them."""
    told = options["ext"]["winnow"]
    stages = tuple(Stage(**stage) for stage in told["stages"])
    given = options["thresholds"][f"http_req_duration{{scenario:{stages[0].name}}}"]
    answer_ms = {f"p{share}": float(ms) for share, ms in _QUANTILE.findall(str(given))}
    return Recipe(scenario, stages, told["freshEvery"], told["pool"], answer_ms, told["endToEnd"], told["stops"])
