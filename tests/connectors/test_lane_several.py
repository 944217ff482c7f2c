"""Targets whose requests tell of several alerts: what goes together, and what an answer means for each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.config import Publish
from alerts.decision import Delivery, Outcome
from connectors.lane import Lane
from connectors.request import Judgement, Sent
from connectors.targets.alertmanager import ALERTS_A_REQUEST
from connectors.way import REQUEST_MAX_BYTES
from tests.support.events import NOW_MS, alert, delivery, saved, target

if TYPE_CHECKING:
    from alerts.alert import Alert

DELIVERED = Sent(Judgement.DELIVERED, 200, "")
RETRY = Sent(Judgement.RETRY, 503, "answered 503")
REFUSED = Sent(Judgement.REFUSED, 400, "answered 400")


def _lane(kind: str = "alertmanager", waiting: int = 3, rate: int | None = None) -> Lane:
    settings = Publish(backoff=timedelta(milliseconds=500), max_concurrent=2)
    lane = Lane(settings, {"oncall": target(kind, rate=rate)})
    for number in range(waiting):
        lane.offer(delivery(number), NOW_MS)
    return lane


def _ids(lane: Lane, at_ms: int) -> list[list[str]]:
    return [[job.delivery.id for job in load] for load in lane.take(at_ms)]


def _told(*numbers: int) -> list[str]:
    return [delivery(number).id for number in numbers]


def test_what_waits_goes_in_one_request_in_the_order_it_came() -> None:
    assert _ids(_lane(), NOW_MS) == [_told(0, 1, 2)]


@pytest.mark.parametrize("kind", ["webhook", "pagerduty"])
def test_other_kinds_are_told_of_one_alert_a_request(kind: str) -> None:
    assert _ids(_lane(kind), NOW_MS) == [_told(0), _told(1)]


def test_a_request_is_bounded_and_so_is_what_is_under_way() -> None:
    lane = _lane(waiting=3 * ALERTS_A_REQUEST)
    assert [len(load) for load in lane.take(NOW_MS)] == [ALERTS_A_REQUEST, ALERTS_A_REQUEST]
    assert lane.take(NOW_MS) == []


LONG, ANOTHER = "x" * REQUEST_MAX_BYTES, alert(fingerprint="1" * 16)


@pytest.mark.parametrize(
    "large",
    [
        pytest.param(ANOTHER._replace(labels={"alertname": LONG}), id="label"),
        pytest.param(ANOTHER._replace(labels={"alertname": "A", LONG: ""}), id="label-name"),
        pytest.param(ANOTHER._replace(annotations={"text": LONG}), id="annotation"),
        pytest.param(ANOTHER._replace(annotations={LONG: ""}), id="annotation-name"),
        pytest.param(ANOTHER._replace(generator_url=LONG), id="url"),
    ],
)
def test_what_is_too_large_for_company_goes_alone(large: Alert) -> None:
    lane = _lane(waiting=0)
    told: list[Delivery] = [delivery(0), delivery(1, alert=large), delivery(2)]
    for one in told:
        lane.offer(one, NOW_MS)
    assert _ids(lane, NOW_MS) == [[told[0].id], [told[1].id]]


def test_the_rate_is_one_of_requests() -> None:
    lane = _lane(rate=1)
    assert len(lane.take(NOW_MS)) == 1
    lane.offer(delivery(7), NOW_MS)
    assert lane.take(NOW_MS + 999) == []
    assert _ids(lane, NOW_MS + 1000) == [_told(7)]


def test_all_end_as_the_request_did() -> None:
    lane = _lane()
    (load,) = lane.take(NOW_MS)
    lane.came_back(load, DELIVERED, NOW_MS + 5)
    assert [(end.delivery.id, end.outcome, end.tries) for end in lane.ended()] == [
        (id_, Outcome.DELIVERED, 1) for id_ in _told(0, 1, 2)
    ]
    assert (len(lane), lane.is_busy) == (0, False)


def test_a_request_that_failed_counts_once_for_the_breaker_and_all_are_tried_again() -> None:
    lane = _lane(waiting=10)
    (load,) = lane.take(NOW_MS)
    lane.came_back(load, RETRY, NOW_MS)
    assert not lane.ways["oncall"].is_held_back
    assert sorted(id_ for ids in _ids(lane, NOW_MS + 500) for id_ in ids) == sorted(_told(*range(10)))


def test_each_of_several_that_were_refused_is_told_alone_and_only_the_bad_one_is_given_up() -> None:
    lane = _lane()
    (load,) = lane.take(NOW_MS)
    lane.came_back(load, REFUSED, NOW_MS)
    assert lane.ended() == []
    at_ms, alone = NOW_MS + 500, []
    while loads := lane.take(at_ms):
        for load in loads:
            alone.append(len(load))
            lane.came_back(load, REFUSED if load[0].delivery.id == delivery(1).id else DELIVERED, at_ms)
    assert alone == [1, 1, 1]
    ends = {end.delivery.id: (end.outcome, end.error) for end in lane.ended()}
    told = (Outcome.DELIVERED, "")
    assert ends == dict(zip(_told(0, 1, 2), (told, (Outcome.DEAD_LETTERED, "answered 400"), told), strict=True))


def test_who_was_refused_with_others_at_the_deadline_is_still_told_alone() -> None:
    lane, refused = _lane(waiting=2), REFUSED._replace(retry_after_ms=3_600_000)
    deadline_ms = NOW_MS + Publish().deadline.others // timedelta(milliseconds=1)
    for at_ms in (NOW_MS, deadline_ms):
        (load,) = lane.take(at_ms)
        lane.came_back(load, RETRY if at_ms < deadline_ms else refused, at_ms)
    assert lane.ended() == []
    for load in lane.take(deadline_ms + 60_000):
        lane.came_back(load, DELIVERED, deadline_ms + 60_000)
    assert [end.outcome for end in lane.ended()] == [Outcome.DELIVERED] * 2


def test_what_is_to_be_told_alone_is_so_after_a_restart() -> None:
    lane = _lane()
    (load,) = lane.take(NOW_MS)
    lane.came_back(load, REFUSED, NOW_MS)
    after = _lane(waiting=0)
    after.restore(saved(lane.snapshot()))
    assert [len(load) for load in after.take(NOW_MS + 500)] == [1, 1]


def test_target_that_is_gone_is_told_nothing_more_of_any() -> None:
    lane = _lane()
    (load,) = lane.take(NOW_MS)
    lane.came_back(load, Sent(Judgement.REFUSED, 410, "answered 410"), NOW_MS)
    assert lane.take(NOW_MS) == []
    assert [end.outcome for end in lane.ended()] == [Outcome.DEAD_LETTERED] * 3


def test_newer_state_of_an_alert_under_way_with_others_waits_for_the_answer() -> None:
    lane = _lane()
    (load,) = lane.take(NOW_MS)
    newer = delivery(1)._replace(id="f" * 32)
    lane.offer(newer, NOW_MS)
    assert lane.take(NOW_MS) == []
    lane.came_back(load, DELIVERED, NOW_MS)
    assert _ids(lane, NOW_MS) == [[newer.id]]
