"""What a scenario of k6/ sends, as it says itself: how much of it, and which alert is new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    limits_ms: dict[str, float]
    """What POST to arrival may take at the most, by quantile."""
    stops: bool
    """Whether it looks for the stage at which the machine is full."""

    def instances(self, stage: Stage, request: int) -> Iterator[str]:
        """The label `instance` of each alert in a request of a stage: `identity` of k6/lib/scenario.js, said again."""
        for index in range(request * stage.alerts, (request + 1) * stage.alerts):
            is_new = self.fresh_every and index % self.fresh_every == 0
            yield f"{stage.name}-{index}" if is_new else f"again-{index % self.pool}"


def recipe(scenario: str, told: dict[str, Any]) -> Recipe:
    """Read `options.ext.winnow` of a scenario."""
    stages = tuple(Stage(**stage) for stage in told["stages"])
    return Recipe(scenario, stages, told["freshEvery"], told["pool"], told["endToEnd"], told["stops"])
