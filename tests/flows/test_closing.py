"""Whatever was opened is closed, though a rule stops the resolve of what it let pass as firing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bytewax.operators import StatefulBatchLogic

from alerts.config import FilterRule, Publish
from alerts.config import Route as RouteRule
from alerts.decision import Delivery
from connectors.job import Ended
from connectors.lane import Lane
from connectors.request import Judgement, Sent
from flows.plan import Closing
from flows.steps.filter import Filter
from flows.steps.route import Route
from tests.support.events import NOW_MS, taken, target
from tests.support.whole_flow import rows, run, webhook

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.delivery_json import Plain
    from tests.support.whole_flow import Messages

TARGETS = [target("pagerduty", "pager"), target("webhook", "hook")]
NO_RESOLVES = FilterRule.model_validate({"name": "no_resolves", "status": "resolved", "critical": True})
BY_STATUS = [
    RouteRule.model_validate({"to": ["pager"], "status": "firing"}),
    RouteRule.model_validate({"to": ["hook"]}),
]


class TakesAtOnce(StatefulBatchLogic[Delivery, Ended, "Plain"]):
    """A real lane whose target takes everything in no time."""

    def __init__(self) -> None:
        self._lane = Lane(Publish(), {one.name: one for one in TARGETS})

    def on_batch(self, values: list[Delivery]) -> tuple[Iterable[Ended], bool]:
        for one in filter(self._lane.wants, values):
            self._lane.offer(one, NOW_MS)
            for job in taken(self._lane, NOW_MS):
                self._lane.came_back((job,), Sent(Judgement.DELIVERED, 200, ""), NOW_MS)
        return self._lane.ended(), StatefulBatchLogic.RETAIN

    def snapshot(self) -> Plain:
        return {}


def _event(status: str, name: str = "A") -> dict[str, object]:
    starts_at = "2025-11-24T15:00:00Z"
    return {"status": status, "labels": {"alertname": name}, "startsAt": starts_at, "endsAt": starts_at}


def _told(messages: Messages) -> list[tuple[str, str]]:
    return [(row["target"], row["transition"].split("/")[0]) for row in rows(messages, "outcomes")]


@pytest.mark.parametrize(
    "rules",
    [
        {"filter": Filter([NO_RESOLVES]), "route": Route([RouteRule.model_validate({"to": ["pager"]})], TARGETS)},
        {"route": Route(BY_STATUS[:1], TARGETS)},
        {"route": Route([], [TARGETS[0].model_copy(update={"filter": [NO_RESOLVES]})])},
    ],
    ids=["filter", "route", "filter of the target"],
)
def test_resolve_that_a_rule_stops_closes_what_its_firing_opened(rules: dict[str, object]) -> None:
    messages = run(
        [*webhook(_event("firing")), *webhook(_event("resolved"), _event("resolved", "B"), number=1)],
        publish=lambda _: TakesAtOnce(), closing=Closing(TARGETS), **rules,
    )  # fmt: skip
    assert _told(messages) == [("pager", "firing"), ("pager", "resolved")]
    assert [row.get("closes") for row in rows(messages, "outcomes")] == [None, True]
    assert all(row["deliveries"] == [] for row in rows(messages, "decisions") if row["status"] == "resolved")


def test_resolve_that_goes_elsewhere_closes_what_its_firing_opened_too() -> None:
    messages = run(
        [*webhook(_event("firing")), *webhook(_event("resolved"), number=1)],
        publish=lambda _: TakesAtOnce(), closing=Closing(TARGETS), route=Route(BY_STATUS, TARGETS),
    )  # fmt: skip
    assert sorted(_told(messages)) == [("hook", "resolved"), ("pager", "firing"), ("pager", "resolved")]
    ids = [row["delivery"] for row in rows(messages, "outcomes")]
    assert len(set(ids)) == 3
