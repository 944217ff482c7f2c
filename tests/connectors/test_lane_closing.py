"""A resolve that filters and routes send nowhere is told where its alert is open, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.alert import Status
from alerts.config import Publish
from connectors.lane import Lane
from connectors.request import Judgement, Sent
from tests.support.events import NOW_MS, alert, delivery, saved, taken, target

if TYPE_CHECKING:
    from alerts.decision import Delivery

DELIVERED = Sent(Judgement.DELIVERED, 200, "")
REFUSED = Sent(Judgement.REFUSED, 403, "answered 403")

FIRING = delivery(id=f"{1:032x}", alert=alert())
RESOLVED = delivery(id=f"{2:032x}", alert=alert(status=Status.RESOLVED))
CLOSING = RESOLVED._replace(only_closes=True)


def _lane(kind: str, **changes: object) -> Lane:
    return Lane(Publish(), {"oncall": target(kind, "oncall", **changes), "other": target("pagerduty", "other")})


def _send(lane: Lane, told: Delivery, *answers: Sent) -> list[str]:
    """Offer it if the lane wants it, answer its tries; to whom each went."""
    if lane.wants(told):
        lane.offer(told, NOW_MS)
    tried = []
    for answer in answers:
        (job,) = taken(lane, NOW_MS)
        tried.append(job.to)
        lane.came_back((job,), answer, NOW_MS)
    assert taken(lane, NOW_MS) == []
    return tried


@pytest.mark.parametrize("kind", ["pagerduty", "rootly", "alertmanager"])
def test_it_is_told_where_its_firing_was_taken_and_once(kind: str) -> None:
    lane = _lane(kind)
    _send(lane, FIRING, DELIVERED)
    assert lane.wants(CLOSING)
    assert _send(lane, CLOSING, DELIVERED) == ["oncall"]
    assert not lane.wants(CLOSING._replace(id=f"{3:032x}"))


@pytest.mark.parametrize("kind", ["pagerduty", "rootly", "alertmanager"])
def test_it_is_not_told_where_its_firing_was_not(kind: str) -> None:
    lane = _lane(kind)
    _send(lane, delivery(1, id=f"{9:032x}"), DELIVERED)
    assert not lane.wants(CLOSING)


def test_it_is_not_told_after_a_start_that_forgot_what_is_open() -> None:
    """Or every resolve of every alert would go to every pager for a week."""
    lane = _lane("pagerduty")
    lane.begin()
    assert not lane.wants(CLOSING)
    assert lane.wants(RESOLVED)


def test_it_is_told_after_a_restart() -> None:
    lane = _lane("pagerduty")
    _send(lane, FIRING, DELIVERED)
    restored = _lane("pagerduty")
    restored.restore(saved(lane.snapshot()))
    assert _send(restored, CLOSING, DELIVERED) == ["oncall"]


def test_it_ends_a_firing_that_still_waits_and_neither_is_told() -> None:
    lane = _lane("pagerduty")
    lane.offer(FIRING, NOW_MS)
    assert lane.wants(CLOSING)
    assert _send(lane, CLOSING) == []
    assert [(one.delivery.id, one.outcome.value) for one in lane.ended()] == [
        (FIRING.id, "not-needed"), (CLOSING.id, "not-needed"),
    ]  # fmt: skip


def test_it_waits_behind_a_firing_that_is_under_way() -> None:
    lane = _lane("pagerduty")
    lane.offer(FIRING, NOW_MS)
    (job,) = taken(lane, NOW_MS)
    assert lane.wants(CLOSING)
    lane.offer(CLOSING, NOW_MS)
    assert taken(lane, NOW_MS) == []
    lane.came_back((job,), DELIVERED, NOW_MS)
    assert [one.delivery.id for one in taken(lane, NOW_MS)] == [CLOSING.id]


def test_it_goes_to_the_fallback_that_was_told_of_the_firing() -> None:
    lane = _lane("webhook", fallback="other")
    assert _send(lane, FIRING, REFUSED, DELIVERED) == ["oncall", "other"]
    assert _send(lane, CLOSING, DELIVERED, DELIVERED) == ["oncall", "other"]
