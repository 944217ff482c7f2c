"""One target's deliveries: order per alert, tries, pauses and the bound; every test tells the time itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.alert import Status
from alerts.config import Deadline, Publish
from alerts.decision import Delivery, Outcome, Severity
from alerts.errors import FormatError
from connectors.job import Ended, Job
from connectors.lane import Lane
from connectors.request import Judgement, Sent
from tests.support.events import FOUND, NOW_MS, alert, delivery, saved, taken, target

DELIVERED = Sent(Judgement.DELIVERED, 200, "")
RETRY = Sent(Judgement.RETRY, 503, "answered 503")
REFUSED = Sent(Judgement.REFUSED, 403, "answered 403")
FIRING = delivery(1, id="a" * 32)
RESOLVED = FIRING._replace(id="b" * 32, transition="resolved", alert=FIRING.alert._replace(status=Status.RESOLVED))


def _lane(deadline_s: int = 900, backoff_ms: int = 500, max_concurrent: int = 32) -> Lane:
    deadline = Deadline(critical=timedelta(hours=1), others=timedelta(seconds=deadline_s))
    pause = timedelta(milliseconds=backoff_ms)
    return Lane(Publish(deadline=deadline, backoff=pause, max_concurrent=max_concurrent), {"oncall": target()})


def _ids(jobs: list[Job]) -> list[str]:
    return [job.delivery.id for job in jobs]


def _fail_until_due(lane: Lane, sent: Sent, at_ms: int) -> int:
    """One try that ends as `sent` at `at_ms`; when the next one is due."""
    (job,) = taken(lane, at_ms)
    lane.came_back((job,), sent, at_ms)
    assert lane.ended() == []
    due_ms = lane.next_ms()
    assert due_ms is not None
    return due_ms


def test_new_delivery_is_due_at_once() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    assert lane.next_ms() == NOW_MS
    assert taken(lane, NOW_MS) == [Job(FIRING, 0, NOW_MS, NOW_MS + 900_000, "oncall", since_ms=NOW_MS)]


def test_delivery_under_way_is_not_taken_again() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    taken(lane, NOW_MS)
    assert taken(lane, NOW_MS + 10**9) == []
    assert lane.ended() == []


@pytest.mark.parametrize("is_under_way", [False, True])
def test_dead_letter_that_comes_back_while_it_is_there_again_is_not_taken_twice(is_under_way: bool) -> None:  # noqa: FBT001
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    jobs = taken(lane, NOW_MS) if is_under_way else []
    lane.offer(FIRING, NOW_MS + 1)
    assert len(lane) == 1
    (job,) = jobs or taken(lane, NOW_MS + 1)
    lane.came_back((job,), DELIVERED, NOW_MS + 2)
    assert [end.outcome for end in lane.ended()] == [Outcome.DELIVERED]
    assert taken(lane, NOW_MS + 3) == []


def test_delivered_one_has_ended_with_its_status() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    (job,) = taken(lane, NOW_MS)
    lane.came_back((job,), DELIVERED, NOW_MS + 7)
    assert lane.ended() == [Ended(FIRING, Outcome.DELIVERED, 1, 200, "", NOW_MS + 7)]
    assert lane.ended() == []
    assert len(lane) == 0


def test_refused_delivery_is_dead_lettered_without_retry() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    (job,) = taken(lane, NOW_MS)
    lane.came_back((job,), REFUSED, NOW_MS)
    assert lane.ended() == [Ended(FIRING, Outcome.DEAD_LETTERED, 1, 403, "answered 403", NOW_MS)]


def _pauses(of: Delivery, count: int) -> list[int]:
    lane = _lane(deadline_s=86_400)
    lane.offer(of, NOW_MS)
    at_ms, pauses = NOW_MS, []
    for _ in range(count):
        # One alert's failures open the breaker; an answer to another's closes it.
        due_ms = _fail_until_due(lane, RETRY, at_ms)
        if any(way.is_held_back for way in lane.ways.values()):
            due_ms = max(due_ms, at_ms + 30_000)
        pauses.append(due_ms - at_ms)
        at_ms = due_ms
    return pauses


def test_pause_doubles_with_every_try_and_is_between_the_half_and_the_whole() -> None:
    pauses = _pauses(FIRING, 4)
    assert all(whole / 2 <= pause <= whole for pause, whole in zip(pauses, [500, 1000, 2000, 4000], strict=True))


def test_pause_is_never_longer_than_a_minute() -> None:
    assert max(_pauses(FIRING, 30)) <= 60_000


def test_pauses_differ_by_delivery_and_are_the_same_each_time() -> None:
    other = delivery(2)
    assert _pauses(FIRING, 4) == _pauses(FIRING, 4) != _pauses(other, 4)


def test_next_try_is_not_due_a_millisecond_early() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    due_ms = _fail_until_due(lane, RETRY, NOW_MS)
    assert taken(lane, due_ms - 1) == []
    assert _ids(taken(lane, due_ms)) == [FIRING.id]


@pytest.mark.parametrize("asked_ms", [501, 60_000, 900_000])
def test_what_the_target_asks_for_is_waited(asked_ms: int) -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    assert _fail_until_due(lane, RETRY._replace(retry_after_ms=asked_ms), NOW_MS) == NOW_MS + asked_ms


def test_pause_the_target_asks_for_holds_for_its_other_alerts_too() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    _fail_until_due(lane, RETRY._replace(retry_after_ms=5000), NOW_MS)
    lane.offer(delivery(2), NOW_MS)
    assert taken(lane, NOW_MS + 4999) == []
    assert len(taken(lane, NOW_MS + 5000)) == 2


def test_delivery_is_given_up_at_once_when_the_target_asks_for_more_time_than_is_left() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    (job,) = taken(lane, NOW_MS)
    lane.came_back((job,), RETRY._replace(retry_after_ms=900_001), NOW_MS)
    assert lane.ended() == [Ended(FIRING, Outcome.DEAD_LETTERED, 1, 503, "answered 503", NOW_MS)]


def test_last_try_is_made_at_the_deadline() -> None:
    lane = _lane(deadline_s=1, backoff_ms=60_000)
    lane.offer(FIRING, NOW_MS)
    due_ms = _fail_until_due(lane, RETRY, NOW_MS)
    assert due_ms == NOW_MS + 1000
    (job,) = taken(lane, due_ms)
    lane.came_back((job,), RETRY, due_ms)
    assert lane.ended() == [Ended(FIRING, Outcome.DEAD_LETTERED, 2, 503, "answered 503", due_ms)]


@pytest.mark.parametrize(
    ("severity", "deadline_ms"),
    [(Severity.CRITICAL, 3_600_000), (Severity.WARNING, 900_000), (Severity.UNKNOWN, 900_000)],
)
def test_deadline_goes_by_severity(severity: Severity, deadline_ms: int) -> None:
    lane = _lane()
    lane.offer(FIRING._replace(classification=FOUND._replace(severity=severity)), NOW_MS)
    (job,) = taken(lane, NOW_MS)
    assert job.deadline_ms == NOW_MS + deadline_ms


def test_resolve_waits_behind_its_firing() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    (job,) = taken(lane, NOW_MS)
    lane.offer(RESOLVED, NOW_MS)
    assert taken(lane, NOW_MS) == []
    lane.came_back((job,), DELIVERED, NOW_MS)
    assert _ids(taken(lane, NOW_MS)) == [RESOLVED.id]


def test_resolve_goes_out_when_its_firing_was_given_up() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    (job,) = taken(lane, NOW_MS)
    lane.offer(RESOLVED, NOW_MS)
    lane.came_back((job,), REFUSED, NOW_MS)
    assert _ids(taken(lane, NOW_MS)) == [RESOLVED.id]


def test_alert_that_waits_delays_no_other() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    _fail_until_due(lane, RETRY, NOW_MS)
    lane.offer(delivery(2), NOW_MS)
    assert _ids(taken(lane, NOW_MS)) == [delivery(2).id]


def test_no_more_than_the_bound_are_under_way() -> None:
    lane = _lane(max_concurrent=3)
    for number in range(10):
        lane.offer(delivery(number), NOW_MS)
    jobs = taken(lane, NOW_MS)
    assert len(jobs) == 3
    assert taken(lane, NOW_MS) == []
    lane.came_back((jobs[1],), DELIVERED, NOW_MS)
    assert len(taken(lane, NOW_MS)) == 1


def test_at_the_bound_only_an_end_or_a_deadline_brings_something() -> None:
    lane = _lane(max_concurrent=1)
    lane.offer(delivery(1), NOW_MS)
    lane.offer(delivery(2), NOW_MS)
    (job,) = taken(lane, NOW_MS)
    assert lane.next_ms() == NOW_MS + 900_000
    lane.came_back((job,), DELIVERED, NOW_MS)
    assert lane.next_ms() == NOW_MS


def test_due_deliveries_go_in_the_order_they_became_due() -> None:
    lane = _lane()
    for number, at_ms in enumerate([NOW_MS + 2, NOW_MS, NOW_MS + 1, NOW_MS]):
        lane.offer(delivery(number), at_ms)
    assert _ids(taken(lane, NOW_MS + 2)) == [delivery(number).id for number in (1, 3, 2, 0)]


def test_lane_is_busy_exactly_while_a_try_is_under_way() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    assert not lane.is_busy
    (job,) = taken(lane, NOW_MS)
    assert lane.is_busy
    lane.came_back((job,), RETRY, NOW_MS)
    assert not lane.is_busy


def test_empty_lane_waits_for_nothing() -> None:
    assert (_lane().next_ms(), taken(_lane(), NOW_MS), len(_lane())) == (None, [], 0)


def test_snapshot_holds_what_is_under_way_with_its_tries_and_what_waits_behind() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    due_ms = _fail_until_due(lane, RETRY, NOW_MS)
    taken(lane, due_ms)
    lane.offer(RESOLVED, NOW_MS)
    restored = _lane()
    restored.restore(saved(lane.snapshot()))
    assert len(restored) == 2
    assert taken(restored, due_ms - 1) == []
    assert taken(restored, due_ms) == [
        Job(FIRING, 1, due_ms, NOW_MS + 900_000, "oncall", 1, RETRY, since_ms=NOW_MS, is_repeat=True, may_repeat=True)
    ]


def test_snapshot_does_not_change_when_the_lane_goes_on() -> None:
    """The engine pickles it later than it asks for it."""
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    snapshot = lane.snapshot()
    before = saved(snapshot)
    (job,) = taken(lane, NOW_MS)
    lane.came_back((job,), RETRY, NOW_MS)
    lane.offer(delivery(9, alert=alert(fingerprint="9" * 16)), NOW_MS)
    assert snapshot == before


def test_snapshot_of_another_version_is_refused_by_number() -> None:
    with pytest.raises(FormatError, match="version 4"):
        _lane().restore({**_lane().snapshot(), "v": 4})


def test_each_snapshot_holds_every_job_as_it_is_then() -> None:
    """Snapshots are written by what changed; a lane that never wrote one before writes all."""
    lane = _lane()
    for moment, sent in enumerate((RETRY, DELIVERED, RETRY, REFUSED)):
        at_ms = NOW_MS + moment * 60_000
        lane.offer(delivery(moment, alert=alert(fingerprint=f"{moment % 3:016x}")), at_ms)
        lane.snapshot()
        for job in taken(lane, at_ms):
            lane.came_back((job,), sent, at_ms)
        again = _lane()
        again.restore(saved(lane.snapshot()))
        assert sorted(_jobs(again)) == sorted(_jobs(lane))


def _jobs(lane: Lane) -> list[tuple[str, int, int]]:
    return [(job.delivery.id, job.tries, job.due_ms) for jobs in lane._waiting.values() for job in jobs]
