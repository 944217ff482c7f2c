"""A target that forgets is told again what it was told, for as long as it is so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from alerts.alert import Status
from alerts.config import Publish
from connectors.heartbeats import RESOLVED_FOR_MS
from connectors.lane import Lane
from connectors.request import Judgement, Sent
from connectors.targets.alertmanager import Config
from tests.support.events import NOW_MS, delivery

if TYPE_CHECKING:
    from alerts.decision import Delivery

MINUTE_MS = 60_000
DELIVERED = Sent(Judgement.DELIVERED, 200, "")
BUSY = Sent(Judgement.RETRY, 503, "answered 503")
REFUSED = Sent(Judgement.REFUSED, 400, "answered 400")

FIRING = delivery(id="a" * 32)
RESOLVED = FIRING._replace(id="b" * 32, alert=FIRING.alert._replace(status=Status.RESOLVED))


def _lane(began_ms: int = NOW_MS) -> Lane:
    own = Config.model_validate({"name": FIRING.target, "kind": "alertmanager", "url": "http://am:9093"})
    return Lane(Publish(), {own.name: own}, began_ms)


def _beat(lane: Lane, at_ms: int, sent: Sent = DELIVERED) -> list[str]:
    """What goes out, by id; each is answered with `sent`."""
    jobs = lane.take(at_ms)
    for job in jobs:
        lane.came_back(job, sent, at_ms)
    return [job.delivery.id for job in jobs]


def _told(*deliveries: object) -> Lane:
    lane = _lane()
    for one in (FIRING, *deliveries):
        lane.offer(one, NOW_MS)  # type: ignore[arg-type]
        _beat(lane, NOW_MS)
    lane.ended()
    return lane


def test_a_firing_alert_is_told_again_each_minute_and_ends_nothing() -> None:
    lane = _told()
    assert lane.next_ms() == NOW_MS + MINUTE_MS
    assert _beat(lane, NOW_MS + MINUTE_MS - 1) == []
    for minute in range(1, 4):
        assert _beat(lane, NOW_MS + minute * MINUTE_MS) == [FIRING.id]
    assert (lane.ended(), len(lane)) == ([], 0)


def test_a_resolved_alert_is_told_again_for_five_minutes() -> None:
    lane = _told(RESOLVED)
    told = [_beat(lane, NOW_MS + minute * MINUTE_MS) for minute in range(1, 8)]
    assert told == [[RESOLVED.id]] * (RESOLVED_FOR_MS // MINUTE_MS - 1) + [[]] * 3
    assert lane.next_ms() is None


def test_a_heartbeat_that_fails_is_not_tried_again_before_the_next() -> None:
    lane = _told()
    assert _beat(lane, NOW_MS + MINUTE_MS, BUSY) == [FIRING.id]
    assert _beat(lane, NOW_MS + MINUTE_MS + 30_000) == []
    assert lane.ended() == []
    assert _beat(lane, NOW_MS + 2 * MINUTE_MS) == [FIRING.id]


def test_something_new_waits_for_a_heartbeat_under_way_so_that_it_is_not_overtaken() -> None:
    lane = _told()
    (beat,) = lane.take(NOW_MS + MINUTE_MS)
    lane.offer(RESOLVED, NOW_MS + MINUTE_MS)
    assert lane.take(NOW_MS + MINUTE_MS) == []
    lane.came_back(beat, BUSY, NOW_MS + MINUTE_MS)
    assert _beat(lane, NOW_MS + MINUTE_MS) == [RESOLVED.id]
    assert [end.delivery.id for end in lane.ended()] == [RESOLVED.id]


def test_after_a_resolve_that_the_target_refused_nothing_says_it_fires() -> None:
    lane = _told()
    lane.offer(RESOLVED, NOW_MS)
    assert _beat(lane, NOW_MS, REFUSED) == [RESOLVED.id]
    assert _beat(lane, NOW_MS + 10 * MINUTE_MS) == []


def test_after_a_crash_it_goes_on_within_a_minute() -> None:
    lane = _told()
    after = _lane(NOW_MS + 5 * MINUTE_MS)
    after.restore(json.loads(json.dumps(lane.snapshot())))
    assert len(after) == 0
    assert _beat(after, NOW_MS + 6 * MINUTE_MS) == [FIRING.id]


def test_a_heartbeat_under_way_is_no_part_of_a_snapshot() -> None:
    lane = _told()
    lane.take(NOW_MS + MINUTE_MS)
    assert lane.snapshot()["jobs"] == []


def test_a_target_that_is_gone_is_told_nothing_more() -> None:
    lane = _told()
    assert _beat(lane, NOW_MS + MINUTE_MS, Sent(Judgement.REFUSED, 410, "answered 410")) == [FIRING.id]
    assert (_beat(lane, NOW_MS + 10 * MINUTE_MS), lane.next_ms()) == ([], None)


def test_something_new_waits_behind_few_heartbeats_only() -> None:
    own = Config.model_validate({"name": FIRING.target, "kind": "alertmanager", "url": "http://am:9093", "rate": 20})
    lane = Lane(Publish(max_pending=10_000), {own.name: own}, NOW_MS)
    kept = [_numbered(number) for number in range(1000)]
    for second, one in enumerate(kept):
        lane.offer(one, NOW_MS + second * 50)
        for job in lane.take(NOW_MS + second * 50):
            lane.came_back(job, DELIVERED, NOW_MS + second * 50)
    began_ms = NOW_MS + 200_000
    for job in lane.take(began_ms):
        lane.came_back(job, DELIVERED, began_ms)
    new = _numbered(5000)
    lane.offer(new, began_ms)
    for tick in range(40):
        jobs = lane.take(began_ms + tick * 50)
        if new.id in [job.delivery.id for job in jobs]:
            return
        for job in jobs:
            lane.came_back(job, DELIVERED, began_ms + tick * 50)
    raise AssertionError("not within two seconds")


def _numbered(number: int) -> Delivery:
    return FIRING._replace(id=f"{number:032x}", alert=FIRING.alert._replace(fingerprint=f"{number:016x}"))
