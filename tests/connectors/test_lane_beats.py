"""Heartbeats of a lane: never before, beside or in place of what an alert has to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.alert import Status
from alerts.config import Publish
from connectors.heartbeats import Beat
from connectors.lane import Lane
from connectors.request import Judgement, Sent
from tests.support.events import NOW_MS, alert, delivery, saved, taken, target

if TYPE_CHECKING:
    from alerts.decision import Delivery

DELIVERED = Sent(Judgement.DELIVERED, 200, "")
RETRY = Sent(Judgement.RETRY, 503, "answered 503")
REFUSED = Sent(Judgement.REFUSED, 400, "answered 400")
MINUTE_MS = 60_000
NEXT_MS = NOW_MS + MINUTE_MS


def _told(number: int, status: Status = Status.FIRING, alert_number: int = 0) -> Delivery:
    of = alert(fingerprint=f"{alert_number:016x}", status=status)
    return delivery(id=f"{number:032x}", target="am", alert=of)


F1, F2, R1 = _told(1), _told(2), _told(3, Status.RESOLVED)


def _lane(max_concurrent: int = 32, **changes: object) -> Lane:
    return Lane(Publish(max_concurrent=max_concurrent), {"am": target("alertmanager", "am", **changes)})


def _send(lane: Lane, told: Delivery, sent: Sent = DELIVERED, at_ms: int = NOW_MS) -> None:
    lane.offer(told, at_ms)
    (job,) = taken(lane, at_ms)
    lane.came_back((job,), sent, at_ms)


def _beat(lane: Lane, at_ms: int) -> Beat:
    (beat,) = lane.beats(at_ms)
    return beat


def test_what_was_delivered_is_told_again_after_a_minute_and_ends_no_delivery() -> None:
    lane = _lane()
    _send(lane, F1)
    assert len(lane.ended()) == 1
    assert lane.next_ms() == NEXT_MS
    assert lane.beats(NEXT_MS - 1) == []
    beat = _beat(lane, NEXT_MS)
    assert beat == Beat("am", (F1,))
    assert lane.is_busy
    lane.beat_came_back(beat, DELIVERED, NEXT_MS)
    assert (lane.ended(), len(lane), lane.is_busy) == ([], 0, False)


def test_target_that_remembers_is_told_once() -> None:
    lane = _lane(format="webhook")
    _send(lane, F1)
    assert lane.next_ms() is None


def test_what_the_target_did_not_take_is_not_kept_alive() -> None:
    lane = _lane()
    _send(lane, F1, REFUSED)
    assert lane.next_ms() is None


def test_alert_that_has_something_to_tell_gets_no_heartbeat() -> None:
    lane = _lane()
    _send(lane, F1)
    lane.offer(R1, NEXT_MS)
    (job,) = taken(lane, NEXT_MS)
    assert lane.beats(NEXT_MS) == []
    lane.came_back((job,), RETRY, NEXT_MS)
    assert lane.beats(NEXT_MS + MINUTE_MS) == []


def test_resolve_waits_for_the_heartbeat_of_its_alert_that_is_under_way_and_other_alerts_do_not() -> None:
    lane = _lane()
    _send(lane, F1)
    beat = _beat(lane, NEXT_MS)
    lane.offer(F2, NEXT_MS)
    lane.offer(R1, NEXT_MS)
    lane.offer(_told(9, alert_number=9), NEXT_MS)
    assert [job.delivery.id for job in taken(lane, NEXT_MS)] == [_told(9).id]
    lane.beat_came_back(beat, RETRY, NEXT_MS)
    assert [job.delivery.id for job in taken(lane, NEXT_MS)] == [R1.id]


def test_delivery_that_is_due_goes_before_a_heartbeat_that_is_due() -> None:
    lane = _lane(max_concurrent=1)
    _send(lane, F1)
    lane.offer(_told(9, alert_number=9), NEXT_MS)
    (job,) = taken(lane, NEXT_MS)
    assert lane.beats(NEXT_MS) == []
    lane.came_back((job,), DELIVERED, NEXT_MS)
    assert _beat(lane, NEXT_MS).deliveries == (F1,)


def test_heartbeats_leave_most_of_the_requests_under_way_to_deliveries() -> None:
    lane = _lane(max_concurrent=8)
    for number in range(1000):
        _send(lane, _told(number, alert_number=number))
    beats: list[Beat] = []
    while (at_ms := lane.next_ms()) is not None:
        beats += lane.beats(at_ms)
    assert len(beats) == 2


def test_heartbeats_keep_to_the_rate_and_to_the_breaker() -> None:
    lane = _lane(rate=0.01)
    _send(lane, F1)
    assert lane.next_ms() == NOW_MS + 100_000
    lane = _lane()
    _send(lane, F1)
    for number in range(4):
        lane.offer(_told(10 + number, alert_number=10 + number), NEXT_MS - 1)
        (job,) = taken(lane, NEXT_MS - 1)
        lane.came_back((job,), RETRY, NEXT_MS - 1)
    assert lane.ways["am"].is_held_back
    assert lane.beats(NEXT_MS) == []


def test_failed_heartbeat_is_not_tried_again_before_the_next_one_and_counts_for_the_breaker() -> None:
    lane = _lane()
    _send(lane, F1)
    for minute in range(1, 6):
        at_ms = NOW_MS + minute * MINUTE_MS
        assert lane.next_ms() == at_ms
        lane.beat_came_back(_beat(lane, at_ms), RETRY, at_ms)
    assert lane.ways["am"].is_held_back


def test_alert_whose_resolve_was_given_up_is_left_to_end_by_itself() -> None:
    lane = _lane()
    _send(lane, F1)
    _send(lane, R1, REFUSED, NOW_MS + 1)
    assert lane.next_ms() is None


def test_alert_that_fires_again_and_is_given_up_is_not_told_to_be_over() -> None:
    lane = _lane()
    _send(lane, R1)
    _send(lane, _told(4), REFUSED, NOW_MS + 1)
    assert lane.next_ms() is None


def test_alert_whose_repeat_was_given_up_stays_alive_as_it_was() -> None:
    lane = _lane()
    _send(lane, F1)
    _send(lane, F2, REFUSED, NOW_MS + 1)
    assert _beat(lane, NEXT_MS).deliveries == (F1,)


def test_target_that_is_gone_gets_no_heartbeat() -> None:
    lane = _lane()
    _send(lane, F1)
    lane.beat_came_back(_beat(lane, NEXT_MS), Sent(Judgement.REFUSED, 410, "answered 410"), NEXT_MS)
    assert (lane.ways["am"].is_gone, lane.next_ms()) == (True, None)


def test_fallback_that_forgets_is_kept_informed_too() -> None:
    lane = Lane(Publish(), {"am": target(name="am", fallback="other"), "other": target("alertmanager", "other")})
    _send(lane, F1, REFUSED)
    (job,) = taken(lane, NOW_MS)
    lane.came_back((job,), DELIVERED, NOW_MS)
    assert _beat(lane, NEXT_MS) == Beat("other", (F1._replace(target="other"),))


def test_snapshot_keeps_what_is_alive_also_while_its_heartbeat_is_under_way() -> None:
    lane = _lane()
    _send(lane, F1)
    _beat(lane, NEXT_MS)
    after = _lane()
    after.restore(saved(lane.snapshot()))
    assert _beat(after, NEXT_MS + MINUTE_MS).deliveries == (F1,)


def test_snapshot_of_a_target_that_no_longer_forgets_is_read() -> None:
    lane = _lane()
    _send(lane, F1)
    after = _lane(format="webhook")
    after.restore(saved(lane.snapshot()))
    assert after.next_ms() is None
