"""One target's deliveries: order per alert, tries, pauses and the bound; every test tells the time itself."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from alerts.config import Publish
from alerts.decision import Outcome
from alerts.errors import FormatError
from connectors.lane import Ended, Job, Lane, Sent
from connectors.request import Judgement
from tests.support.events import NOW_MS, alert, delivery

DELIVERED = Sent(Judgement.DELIVERED, 200, "")
RETRY = Sent(Judgement.RETRY, 503, "answered 503")
REFUSED = Sent(Judgement.REFUSED, 403, "answered 403")
FIRING = delivery(1, id="a" * 32)
RESOLVED = FIRING._replace(id="b" * 32, transition="resolved")


def _lane(tries: int = 3, backoff_ms: int = 500, max_concurrent: int = 32) -> Lane:
    pause = timedelta(milliseconds=backoff_ms)
    return Lane(Publish(tries=tries, backoff=pause, max_concurrent=max_concurrent))


def _ids(jobs: list[Job]) -> list[str]:
    return [job.delivery.id for job in jobs]


def _fail_until_due(lane: Lane, sent: Sent, at_ms: int) -> int:
    """One try that ends as `sent` at `at_ms`; when the next one is due."""
    (job,) = lane.take(at_ms)
    assert lane.ended(job, sent, at_ms) is None
    due_ms = lane.next_ms()
    assert due_ms is not None
    return due_ms


def test_new_delivery_is_due_at_once() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    assert lane.next_ms() == NOW_MS
    assert lane.take(NOW_MS) == [Job(FIRING, 0, NOW_MS)]


def test_delivery_under_way_is_not_taken_again() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    lane.take(NOW_MS)
    assert lane.take(NOW_MS + 10**9) == []


def test_delivered_one_has_ended_with_its_status() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    (job,) = lane.take(NOW_MS)
    assert lane.ended(job, DELIVERED, NOW_MS + 7) == Ended(FIRING, Outcome.DELIVERED, 1, 200, "", NOW_MS + 7)
    assert len(lane) == 0


def test_refused_delivery_is_dead_lettered_without_retry() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    (job,) = lane.take(NOW_MS)
    ended = lane.ended(job, REFUSED, NOW_MS)
    assert ended == Ended(FIRING, Outcome.DEAD_LETTERED, 1, 403, "answered 403", NOW_MS)


def test_pause_doubles_with_every_try() -> None:
    lane = _lane(tries=5)
    lane.offer(FIRING, NOW_MS)
    at_ms, pauses = NOW_MS, []
    for _ in range(4):
        due_ms = _fail_until_due(lane, RETRY, at_ms)
        pauses.append(due_ms - at_ms)
        at_ms = due_ms
    assert pauses == [500, 1000, 2000, 4000]


def test_next_try_is_not_due_a_millisecond_early() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    due_ms = _fail_until_due(lane, RETRY, NOW_MS)
    assert lane.take(due_ms - 1) == []
    assert _ids(lane.take(due_ms)) == [FIRING.id]


@pytest.mark.parametrize(("asked_ms", "expected_ms"), [(0, 500), (499, 500), (501, 501), (60_000, 60_000)])
def test_longer_of_backoff_and_retry_after_is_waited(asked_ms: int, expected_ms: int) -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    assert _fail_until_due(lane, RETRY._replace(retry_after_ms=asked_ms), NOW_MS) == NOW_MS + expected_ms


@pytest.mark.parametrize("tries", [1, 2, 3, 20])
def test_delivery_is_dead_lettered_after_its_last_try_and_not_before(tries: int) -> None:
    lane = _lane(tries=tries, backoff_ms=0)
    lane.offer(FIRING, NOW_MS)
    for _ in range(tries - 1):
        _fail_until_due(lane, RETRY, NOW_MS)
    (job,) = lane.take(NOW_MS)
    ended = lane.ended(job, RETRY, NOW_MS)
    assert ended == Ended(FIRING, Outcome.DEAD_LETTERED, tries, 503, "answered 503", NOW_MS)


def test_resolve_waits_behind_its_firing() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    lane.offer(RESOLVED, NOW_MS)
    (job,) = lane.take(NOW_MS)
    assert lane.take(NOW_MS) == []
    lane.ended(job, DELIVERED, NOW_MS)
    assert _ids(lane.take(NOW_MS)) == [RESOLVED.id]


def test_resolve_waits_also_while_its_firing_pauses_between_tries() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    due_ms = _fail_until_due(lane, RETRY, NOW_MS)
    lane.offer(RESOLVED, NOW_MS)
    assert lane.take(due_ms - 1) == []
    assert _ids(lane.take(due_ms)) == [FIRING.id]


def test_resolve_goes_out_when_its_firing_was_given_up() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    lane.offer(RESOLVED, NOW_MS)
    (job,) = lane.take(NOW_MS)
    lane.ended(job, REFUSED, NOW_MS)
    assert _ids(lane.take(NOW_MS)) == [RESOLVED.id]


def test_alert_that_waits_delays_no_other() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    _fail_until_due(lane, RETRY, NOW_MS)
    lane.offer(delivery(2), NOW_MS)
    assert _ids(lane.take(NOW_MS)) == [delivery(2).id]


def test_no_more_than_the_bound_are_under_way() -> None:
    lane = _lane(max_concurrent=3)
    for number in range(10):
        lane.offer(delivery(number), NOW_MS)
    jobs = lane.take(NOW_MS)
    assert len(jobs) == 3
    assert lane.take(NOW_MS) == []
    lane.ended(jobs[1], DELIVERED, NOW_MS)
    assert len(lane.take(NOW_MS)) == 1


def test_at_the_bound_only_an_end_can_bring_more() -> None:
    lane = _lane(max_concurrent=1)
    lane.offer(delivery(1), NOW_MS)
    lane.offer(delivery(2), NOW_MS)
    (job,) = lane.take(NOW_MS)
    assert lane.next_ms() is None
    lane.ended(job, DELIVERED, NOW_MS)
    assert lane.next_ms() == NOW_MS


def test_due_deliveries_go_in_the_order_they_became_due() -> None:
    lane = _lane()
    for number, at_ms in enumerate([NOW_MS + 2, NOW_MS, NOW_MS + 1, NOW_MS]):
        lane.offer(delivery(number), at_ms)
    assert _ids(lane.take(NOW_MS + 2)) == [delivery(number).id for number in (1, 3, 2, 0)]


def test_lane_is_busy_exactly_while_a_try_is_under_way() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    assert not lane.is_busy
    (job,) = lane.take(NOW_MS)
    assert lane.is_busy
    lane.ended(job, RETRY, NOW_MS)
    assert not lane.is_busy


def test_empty_lane_waits_for_nothing() -> None:
    assert (_lane().next_ms(), _lane().take(NOW_MS), len(_lane())) == (None, [], 0)


def test_snapshot_holds_what_is_under_way_with_its_tries() -> None:
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    lane.offer(RESOLVED, NOW_MS)
    due_ms = _fail_until_due(lane, RETRY, NOW_MS)
    lane.take(due_ms)
    restored = _lane()
    restored.restore(json.loads(json.dumps(lane.snapshot())))
    assert len(restored) == 2
    assert restored.take(due_ms - 1) == []
    assert restored.take(due_ms) == [Job(FIRING, 1, due_ms)]


def test_snapshot_does_not_change_when_the_lane_goes_on() -> None:
    """The engine pickles it later than it asks for it."""
    lane = _lane()
    lane.offer(FIRING, NOW_MS)
    snapshot = lane.snapshot()
    before = json.dumps(snapshot)
    (job,) = lane.take(NOW_MS)
    lane.ended(job, RETRY, NOW_MS)
    lane.offer(delivery(9, alert=alert(fingerprint="9" * 16)), NOW_MS)
    assert json.dumps(snapshot) == before


def test_snapshot_of_another_version_is_refused_by_number() -> None:
    with pytest.raises(FormatError, match="version 2"):
        _lane().restore({**_lane().snapshot(), "v": 2})
