"""Runs a case under a configuration: what each of its steps expects, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from alerts.case_check import compare, told
from alerts.case_events import advice, goes_by_its_firing, input_id, records
from alerts.case_known import lacking
from connectors.kafka.topics import topics
from flows.again import again
from flows.told import NOTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.case import Expected
    from alerts.case_check import Point, Told
    from alerts.case_events import Event
    from alerts.config import Config
    from connectors.request import Message

Row = dict[str, Any]


class Checked(NamedTuple):
    """One step."""

    event: Event
    points: list[Point]
    """None at all if nothing is expected, or if nobody shall be told and nobody is."""
    got: list[Told]
    decision: Row

    @property
    def holds(self) -> bool:
        """Whether all that is expected came."""
        return all(point.holds for point in self.points)


def check(config: Config, events: Sequence[Event]) -> list[Checked]:
    """The steps of one case, judged by a flow that has seen nothing before."""
    decisions = decide(config, events)
    routes = {route.name or f"routes[{number}]": route.to for number, route in enumerate(config.routes)}
    checked: list[Checked] = []
    for event, decision in zip(events, decisions, strict=True):
        got = told(decision, routes)
        expected = event.step.expect
        points = [] if expected is None else _points(config, expected, compare(expected, decision, got))
        checked.append(Checked(event, points, got, decision))
    return checked


def _points(config: Config, expected: Sequence[Expected], points: list[Point]) -> list[Point]:
    """The same; of those that no alert could make hold, it is said that the configuration lacks what they name."""
    lacks = [lacking(one, config) for one in expected]
    named = (
        point._replace(got=f"{point.got}; {lack}") if lack else point
        for point, lack in zip(points, lacks, strict=False)
    )
    return [*named, *points[len(lacks) :]]


def decide(config: Config, events: Sequence[Event]) -> list[Row]:
    """The decision about each event, as docs/decisions.md describes them."""
    topic = topics(config.kafka).decisions
    found: dict[str, Row] = {}

    def take(message: Message) -> None:
        if message.topic == topic:
            found.update((row["id"], row) for row in orjson.loads(message.value)["decisions"])

    model = config.classify.llm.model if config.classify.llm is not None else ""
    resolves = {input_id(number): NOTHING for number, event in enumerate(events) if goes_by_its_firing(event)}
    again(config, records(events, config.kafka.partitions), advice(events, model) | resolves, take)
    return [found[input_id(number)] for number in range(len(events))]
