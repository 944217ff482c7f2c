"""Which notifications may repeat one that was sent before a restart."""

from __future__ import annotations

from alerts.alert import Status
from alerts.config import Publish
from connectors.lane import Lane
from connectors.request import Judgement, Sent
from tests.support.events import NOW_MS, alert, delivery, saved, taken, target

DELIVERED = Sent(Judgement.DELIVERED, 200, "")
FIRING = delivery(1, id="a" * 32)
RESOLVED = FIRING._replace(id="b" * 32, transition="resolved", alert=FIRING.alert._replace(status=Status.RESOLVED))


def test_what_a_process_before_this_one_may_have_sent_is_a_repeat_and_what_came_later_is_not() -> None:
    lane = Lane(Publish(), {"oncall": target()}, began_ms=NOW_MS)
    for number, at_ms in enumerate((NOW_MS - 1, NOW_MS)):
        lane.offer(delivery(number, alert=alert(fingerprint=f"{number:016x}", at_ms=at_ms)), NOW_MS)
    for job in taken(lane, NOW_MS):
        lane.came_back((job,), DELIVERED, NOW_MS)
    assert [ended.is_repeat for ended in lane.ended()] == [True, False]


def test_what_waited_in_a_snapshot_is_a_repeat_once_it_is_sent() -> None:
    lane = Lane(Publish(), {"oncall": target()})
    lane.offer(FIRING, NOW_MS)
    after = Lane(Publish(), {"oncall": target()}, began_ms=NOW_MS + 1)
    after.restore(saved(lane.snapshot()))
    (job,) = taken(after, NOW_MS + 1)
    after.came_back((job,), DELIVERED, NOW_MS + 1)
    assert [ended.is_repeat for ended in after.ended()] == [True]


def test_what_was_replaced_before_it_was_sent_again_is_no_repeat() -> None:
    lane = Lane(Publish(), {"oncall": target()}, began_ms=NOW_MS + 1)
    lane.offer(FIRING, NOW_MS + 1)
    lane.offer(RESOLVED, NOW_MS + 1)
    assert [ended.is_repeat for ended in lane.ended()] == [False]
