"""What goes by the target: merging, incidents, targets that are gone, breakers, rates and fallbacks."""

from __future__ import annotations

import pytest

from alerts.alert import Status
from alerts.config import Publish
from alerts.decision import Delivery, Outcome
from connectors.job import Ended, Job
from connectors.lane import Lane
from connectors.request import Judgement, Sent
from tests.support.events import NOW_MS, alert, delivery, saved, taken, target

DELIVERED = Sent(Judgement.DELIVERED, 200, "")
RETRY = Sent(Judgement.RETRY, 503, "answered 503")
LIMITED = Sent(Judgement.RETRY, 429, "answered 429")
REFUSED = Sent(Judgement.REFUSED, 403, "answered 403")
GONE = Sent(Judgement.REFUSED, 410, "answered 410")
LATE_MS = NOW_MS + 900_000


def _lane(kind: str = "webhook", fallback_kind: str = "webhook", began_ms: int = 0, **changes: object) -> Lane:
    targets = {"oncall": target(kind, "oncall", **changes), "other": target(fallback_kind, "other")}
    return Lane(Publish(), targets, began_ms)


def _told(number: int, status: Status = Status.FIRING, alert_number: int = 0) -> Delivery:
    return delivery(id=f"{number:032x}", alert=alert(fingerprint=f"{alert_number:016x}", status=status))


F1, F2, R1, R2 = _told(1), _told(2), _told(3, Status.RESOLVED), _told(4, Status.RESOLVED)


def _send(lane: Lane, sent: Sent, at_ms: int = NOW_MS) -> Job:
    (job,) = taken(lane, at_ms)
    lane.came_back((job,), sent, at_ms)
    return job


def _ends(lane: Lane) -> list[tuple[str, str]]:
    return [(ended.delivery.id, ended.outcome.value) for ended in lane.ended()]


def _next(lane: Lane) -> int:
    next_ms = lane.next_ms()
    assert next_ms is not None
    return next_ms


def test_forty_updates_that_wait_become_one() -> None:
    lane = _lane()
    updates = [_told(number) for number in range(1, 41)]
    for update in updates:
        lane.offer(update, NOW_MS)
    ended = lane.ended()
    assert [one.outcome.value for one in ended] == ["merged"] * 39
    assert ended[0].error == f"into {updates[1].id}"
    assert [job.delivery.id for job in taken(lane, NOW_MS)] == [updates[-1].id]


def test_what_is_under_way_is_not_replaced() -> None:
    lane = _lane()
    lane.offer(F1, NOW_MS)
    (job,) = taken(lane, NOW_MS)
    lane.offer(F2, NOW_MS)
    lane.offer(R1, NOW_MS)
    assert _ends(lane) == [(F2.id, "merged")]
    lane.came_back((job,), DELIVERED, NOW_MS)
    assert _ends(lane) == [(F1.id, "delivered")]
    assert [one.delivery.id for one in taken(lane, NOW_MS)] == [R1.id]


def test_what_waits_behind_another_after_a_crash_is_replaced_and_the_first_is_still_sent() -> None:
    lane = _lane()
    lane.offer(F1, NOW_MS)
    taken(lane, NOW_MS)
    lane.offer(F2, NOW_MS)
    restored = _lane()
    restored.restore(lane.snapshot())
    restored.offer(R1, NOW_MS)
    assert [_send(restored, DELIVERED).delivery.id for _ in range(2)] == [F1.id, R1.id]
    assert _ends(restored) == [(F2.id, "merged"), (F1.id, "delivered"), (R1.id, "delivered")]


def test_what_replaces_a_delivery_that_pauses_keeps_the_pause() -> None:
    lane = _lane()
    lane.offer(F1, NOW_MS)
    _send(lane, RETRY)
    due_ms = _next(lane)
    lane.offer(R1, NOW_MS)
    assert _ends(lane) == [(F1.id, "merged")]
    assert taken(lane, due_ms - 1) == []
    assert len(taken(lane, due_ms)) == 1


def test_resolve_tells_that_its_firing_was_not_told() -> None:
    lane = _lane()
    lane.offer(F1, NOW_MS)
    lane.offer(R1, NOW_MS)
    (job,) = taken(lane, NOW_MS)
    assert (job.delivery.id, job.delivery.untold_firing) == (R1.id, True)


@pytest.mark.parametrize("kind", ["pagerduty", "rootly"])
def test_incident_that_was_over_before_it_could_be_opened_is_not_told(kind: str) -> None:
    lane = _lane(kind)
    lane.offer(F1, NOW_MS)
    lane.offer(R1, NOW_MS)
    assert _ends(lane) == [(F1.id, "not-needed"), (R1.id, "not-needed")]
    assert (len(lane), lane.next_ms()) == (0, None)


@pytest.mark.parametrize(
    ("sent", "is_told"), [(RETRY, True), (Sent(Judgement.RETRY, None, ""), True), (LIMITED, False)]
)
def test_incident_that_may_have_been_opened_is_closed(sent: Sent, *, is_told: bool) -> None:
    lane = _lane("pagerduty")
    lane.offer(F1, NOW_MS)
    _send(lane, sent)
    lane.offer(R1, NOW_MS)
    assert bool(taken(lane, NOW_MS + 1000)) is is_told


def test_incident_that_may_have_been_opened_before_a_crash_is_closed() -> None:
    lane = _lane("pagerduty")
    lane.offer(F1, NOW_MS)
    taken(lane, NOW_MS)
    restored = _lane("pagerduty")
    restored.restore(saved(lane.snapshot()))
    restored.offer(R1, NOW_MS)
    assert _send(restored, DELIVERED).delivery.id == R1.id


def test_incident_opened_by_an_earlier_firing_is_closed_although_the_repeat_was_never_sent() -> None:
    lane = _lane("pagerduty")
    lane.offer(F1, NOW_MS)
    _send(lane, DELIVERED)
    lane.offer(F2, NOW_MS)
    lane.offer(R1, NOW_MS)
    assert _send(lane, DELIVERED).delivery.id == R1.id


def test_incident_that_was_closed_and_fires_again_unsent_needs_nothing() -> None:
    lane = _lane("pagerduty")
    for told in (F1, R1):
        lane.offer(told, NOW_MS)
        _send(lane, DELIVERED)
    lane.offer(F2, NOW_MS)
    lane.offer(R2, NOW_MS)
    assert (R2.id, "not-needed") in _ends(lane)


def test_resolve_of_a_refused_incident_is_not_sent() -> None:
    lane = _lane("pagerduty")
    lane.offer(F1, NOW_MS)
    (job,) = taken(lane, NOW_MS)
    lane.offer(R1, NOW_MS)
    lane.came_back((job,), REFUSED, NOW_MS)
    assert _ends(lane) == [(F1.id, "dead-lettered"), (R1.id, "not-needed")]


def test_target_that_is_gone_gets_nothing_more() -> None:
    lane = _lane()
    for number in (1, 2, 3):
        lane.offer(_told(number, alert_number=number), NOW_MS)
    jobs = taken(lane, NOW_MS)
    lane.offer(_told(4, alert_number=4), NOW_MS + 60_000)
    lane.came_back((jobs[0],), GONE, NOW_MS)
    lane.offer(_told(5, alert_number=5), NOW_MS)
    assert lane.next_ms() == 0
    assert taken(lane, NOW_MS) == []
    ended = lane.ended()
    assert [one.outcome.value for one in ended] == ["dead-lettered"] * 3
    assert [one.error for one in ended[1:]] == ["target is gone: it answered 410"] * 2
    lane.came_back((jobs[1],), RETRY, NOW_MS)
    lane.came_back((jobs[2],), DELIVERED, NOW_MS)
    assert taken(lane, NOW_MS) == []
    assert [one.outcome.value for one in lane.ended()] == ["delivered", "dead-lettered"]
    assert (lane.ways["oncall"].is_gone, len(lane)) == (True, 0)


def test_open_breaker_waits_and_then_lets_one_through() -> None:
    lane = _lane()
    for number in range(7):
        lane.offer(_told(number, alert_number=number), NOW_MS)
    for job in taken(lane, NOW_MS):
        lane.came_back((job,), RETRY, NOW_MS)
    assert lane.next_ms() == NOW_MS + 30_000
    _send(lane, DELIVERED, NOW_MS + 30_000)
    assert len(taken(lane, NOW_MS + 30_000)) == 6
    assert len(lane) == 6


def test_delivery_that_an_open_breaker_holds_until_its_deadline_is_a_dead_letter() -> None:
    lane = _lane()
    for number in range(5):
        lane.offer(_told(number, alert_number=number), NOW_MS)
    for job in taken(lane, NOW_MS):
        lane.came_back((job,), RETRY, NOW_MS)
    at_ms = NOW_MS
    while len(lane) and at_ms <= LATE_MS:
        at_ms = max(at_ms, _next(lane))
        for job in taken(lane, at_ms):
            lane.came_back((job,), RETRY, at_ms)
    assert at_ms == LATE_MS
    assert {outcome for _, outcome in _ends(lane)} == {"dead-lettered"}


def test_rate_is_kept_and_nothing_dropped() -> None:
    lane = _lane(rate=1, burst=2)
    for number in range(4):
        lane.offer(_told(number, alert_number=number), NOW_MS)
    assert len(taken(lane, NOW_MS)) == 2
    assert lane.next_ms() == NOW_MS + 1000
    assert len(taken(lane, NOW_MS + 1000)) == 1
    assert len(taken(lane, NOW_MS + 2000)) == 1


@pytest.mark.parametrize("sent", [REFUSED, GONE, RETRY._replace(retry_after_ms=10**7)])
def test_what_the_target_does_not_take_goes_to_the_fallback_under_the_same_id(sent: Sent) -> None:
    lane = _lane(fallback="other")
    lane.offer(F1, NOW_MS)
    _send(lane, sent)
    job = _send(lane, DELIVERED)
    assert job.outgoing == F1._replace(target="other")
    (ended,) = lane.ended()
    assert (ended.delivery, ended.outcome.value, ended.tries) == (F1, "delivered-to-fallback", 2)
    assert ended.error == f"oncall: {sent.error}"


def test_what_the_fallback_refuses_too_is_a_dead_letter_that_says_both() -> None:
    lane = _lane(fallback="other")
    lane.offer(F1, NOW_MS)
    _send(lane, REFUSED)
    _send(lane, RETRY)
    assert lane.ended() == []
    at_ms = NOW_MS
    while len(lane):
        at_ms = _next(lane)
        for job in taken(lane, at_ms):
            lane.came_back((job,), RETRY, at_ms)
    (ended,) = lane.ended()
    assert at_ms == LATE_MS
    assert (ended.outcome.value, ended.error) == ("dead-lettered", "oncall: answered 403; other: answered 503")


def test_fallback_that_was_told_of_the_firing_is_told_of_the_resolve() -> None:
    lane = _lane(fallback="other", fallback_kind="pagerduty")
    lane.offer(F1, NOW_MS)
    _send(lane, REFUSED)
    _send(lane, DELIVERED)
    lane.offer(R1, NOW_MS)
    assert [_send(lane, DELIVERED).to, _send(lane, DELIVERED).to] == ["oncall", "other"]
    assert _ends(lane) == [(F1.id, "delivered-to-fallback"), (R1.id, "delivered")]


def test_incident_fallback_is_told_no_resolve_of_what_it_never_saw() -> None:
    lane = _lane(fallback="other", fallback_kind="pagerduty")
    lane.offer(R1, NOW_MS)
    _send(lane, REFUSED)
    assert lane.ended() == [Ended(R1, Outcome.DEAD_LETTERED, 1, 403, "answered 403", NOW_MS)]


@pytest.mark.parametrize("kind", ["pagerduty", "rootly"])
def test_incident_that_a_process_before_this_one_may_have_opened_is_closed(kind: str) -> None:
    lane = Lane(Publish(), {"oncall": target(kind)}, began_ms=NOW_MS + 1)
    lane.offer(F1, NOW_MS + 1)  # read again after a crash, together with its resolve
    lane.offer(R1, NOW_MS + 1)
    assert _send(lane, DELIVERED, NOW_MS + 1).delivery.id == R1.id
    assert _ends(lane) == [(F1.id, "merged"), (R1.id, "delivered")]


def test_incident_whose_firing_waited_at_the_last_snapshot_is_closed_after_a_crash() -> None:
    lane = _lane("pagerduty")
    lane.offer(F1, NOW_MS)
    after = _lane("pagerduty")
    after.restore(saved(lane.snapshot()))
    after.offer(R1, NOW_MS)
    assert _send(after, DELIVERED).delivery.id == R1.id


@pytest.mark.parametrize("kind", ["webhook", "pagerduty"])
def test_incident_whose_firing_waited_for_the_fallback_at_the_last_snapshot_is_closed_after_a_crash(kind: str) -> None:
    lane = _lane(kind, "pagerduty", fallback="other")
    lane.offer(F1, NOW_MS)
    _send(lane, REFUSED)
    after = _lane(kind, "pagerduty", fallback="other")
    after.restore(saved(lane.snapshot()))
    after.offer(R1, NOW_MS)
    assert [_send(after, DELIVERED).to, _send(after, DELIVERED).to] == ["oncall", "other"]
