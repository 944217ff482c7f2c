"""When a delivery is given up, and what is told nothing any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.alert import Status
from alerts.config import Publish, Target
from alerts.decision import Outcome
from connectors.breaker import IN_A_ROW
from connectors.lane import Lane
from connectors.request import Judgement, Sent
from connectors.ways import UNSURE_MS
from tests.support.events import NOW_MS, alert, delivery, saved, taken, target

if TYPE_CHECKING:
    from alerts.decision import Delivery

DELIVERED = Sent(Judgement.DELIVERED, 200, "")
RETRY = Sent(Judgement.RETRY, 503, "answered 503")
REFUSED = Sent(Judgement.REFUSED, 403, "answered 403")
MINUTE_MS = 60_000
LATE_MS = NOW_MS + 15 * MINUTE_MS


def _told(number: int, status: Status = Status.FIRING, **labels: str) -> Delivery:
    labels = {"alertname": "HighCPU", **labels}
    return delivery(id=f"{number:032x}", alert=alert(fingerprint="0" * 16, status=status, labels=labels))


F1, R2 = _told(1), _told(2, Status.RESOLVED)


def _lane(began_ms: int = 0, **targets: Target) -> Lane:
    return Lane(Publish(), targets or {"oncall": target()}, began_ms)


def _with_fallback(kind: str = "webhook", **changes: object) -> Lane:
    return _lane(oncall=target(kind, fallback="other"), other=target(kind, "other", **changes))


def _restored(lane: Lane, into: Lane) -> Lane:
    into.restore(saved(lane.snapshot()))
    return into


def _ends(lane: Lane) -> list[tuple[str, str, str]]:
    return [(ended.delivery.id, ended.outcome.value, ended.error) for ended in lane.ended()]


def _send(lane: Lane, sent: Sent) -> str:
    """Whom the one that is due was sent to; it is answered `sent`."""
    (job,) = taken(lane, NOW_MS)
    lane.came_back((job,), sent, NOW_MS)
    return job.to


def _fails_until(lane: Lane, until_ms: int, sent: Sent = RETRY) -> list[tuple[int, str]]:
    """Every try up to `until_ms`, each answered `sent`: when and to whom."""
    tries: list[tuple[int, str]] = []
    while (at_ms := lane.next_ms()) is not None and at_ms <= until_ms:
        for job in taken(lane, at_ms):
            tries.append((at_ms, job.to))
            lane.came_back((job,), sent, at_ms)
    return tries


def test_alert_that_flaps_faster_than_its_deadline_reaches_the_fallback_at_the_deadline_of_the_first_change() -> None:
    lane = _with_fallback()
    for minute in range(15):
        lane.offer(_told(minute, [Status.FIRING, Status.RESOLVED][minute % 2]), NOW_MS + minute * MINUTE_MS)
        tries = _fails_until(lane, NOW_MS + (minute + 1) * MINUTE_MS - 1)
        assert {to for _, to in tries} <= {"oncall"}
    at_ms, to = _fails_until(lane, LATE_MS, DELIVERED)[-1]
    assert (at_ms, to) in {(LATE_MS, "oncall"), (LATE_MS, "other")}
    assert lane.next_ms() is None


def test_deadline_begins_anew_once_the_target_has_been_told() -> None:
    lane = _lane()
    lane.offer(F1, NOW_MS)
    assert _fails_until(lane, NOW_MS, DELIVERED)
    lane.offer(R2, NOW_MS + MINUTE_MS)
    (job,) = taken(lane, NOW_MS + MINUTE_MS)
    assert job.deadline_ms == LATE_MS + MINUTE_MS


def test_target_that_had_its_time_gets_one_try_of_what_is_newer_before_the_fallback_is_told() -> None:
    lane = _with_fallback()
    lane.offer(F1, NOW_MS)
    _fails_until(lane, LATE_MS)
    assert lane.ended() == []
    lane.offer(R2, LATE_MS + 1)
    tries = _fails_until(lane, LATE_MS + MINUTE_MS, DELIVERED)
    assert (F1.id, "merged", f"into {R2.id}; last try: answered 503") in _ends(lane)
    assert {to for _, to in tries} <= {"oncall", "other"}
    assert tries[0][0] <= LATE_MS + MINUTE_MS


@pytest.mark.parametrize(
    ("targets", "why"),
    [
        ({"other": target(name="other")}, "target is no longer in winnow.yaml"),
        ({"oncall": target(enabled=False)}, "target is disabled in winnow.yaml"),
        (
            {"oncall": target(enabled=False, fallback="other"), "other": target(name="other")},
            "target is disabled in winnow.yaml",
        ),
    ],
)
def test_restored_delivery_to_a_target_that_is_told_nothing_any_more_is_a_dead_letter_unsent(
    targets: dict[str, Target], why: str
) -> None:
    lane = _lane()
    lane.offer(F1, NOW_MS)
    taken(lane, NOW_MS)
    lane.offer(R2, NOW_MS)
    after = _restored(lane, Lane(Publish(), targets))
    assert after.next_ms() == 0
    assert taken(after, NOW_MS) == []
    assert _ends(after) == [(F1.id, "dead-lettered", why), (R2.id, "dead-lettered", why)]


def test_restored_delivery_to_a_fallback_that_is_no_longer_there_is_a_dead_letter_that_says_both() -> None:
    lane = _with_fallback()
    lane.offer(F1, NOW_MS)
    (job,) = taken(lane, NOW_MS)
    lane.came_back((job,), REFUSED, NOW_MS)
    after = _restored(lane, _lane())
    assert taken(after, NOW_MS) == []
    why = "oncall: answered 403; other: target is no longer in winnow.yaml"
    assert _ends(after) == [(F1.id, "dead-lettered", why)]


def test_disabled_fallback_is_told_nothing() -> None:
    lane = _with_fallback(enabled=False)
    lane.offer(F1, NOW_MS)
    _fails_until(lane, NOW_MS, REFUSED)
    assert _ends(lane) == [(F1.id, "dead-lettered", "answered 403")]


def test_change_event_that_fired_and_resolved_while_it_waited_is_told() -> None:
    lane = _lane(oncall=target("pagerduty"))
    lane.offer(_told(1, change_event="true"), NOW_MS)
    lane.offer(_told(2, Status.RESOLVED, change_event="true"), NOW_MS)
    (job,) = taken(lane, NOW_MS)
    assert (job.delivery.id, job.delivery.untold_firing) == (R2.id, True)


@pytest.mark.parametrize("kind", ["pagerduty", "rootly"])
def test_lane_that_begins_without_a_snapshot_closes_what_may_be_open_for_a_week(kind: str) -> None:
    after = _lane(NOW_MS, oncall=target(kind))
    after.begin()
    restored = _restored(after, _lane(NOW_MS + 1, oncall=target(kind)))
    restored.offer(F1, NOW_MS + UNSURE_MS - 1)
    restored.offer(R2, NOW_MS + UNSURE_MS - 1)
    assert [job.delivery.id for job in taken(restored, NOW_MS + UNSURE_MS - 1)] == [R2.id]


def test_lane_that_began_without_a_snapshot_a_week_ago_tells_nothing_of_an_incident_that_never_was() -> None:
    lane = _lane(NOW_MS - UNSURE_MS, oncall=target("pagerduty"))
    lane.begin()
    lane.offer(F1, NOW_MS)
    lane.offer(R2, NOW_MS)
    assert [outcome for _, outcome, _ in _ends(lane)] == ["not-needed", "not-needed"]


def test_what_waited_while_the_process_was_away_is_tried_before_it_is_given_up() -> None:
    lane = Lane(Publish(), {"oncall": target()})
    for number in range(100):
        lane.offer(delivery(number, id=f"{number:032x}"), NOW_MS)
    back_ms = NOW_MS + 3_600_000
    after = Lane(Publish(), {"oncall": target()}, back_ms)
    after.restore(saved(lane.snapshot()))
    tried = 0
    while jobs := taken(after, back_ms):
        for job in jobs:
            after.came_back((job,), DELIVERED, back_ms)
            tried += 1
    assert tried == 100
    assert {ended.outcome.value for ended in after.ended()} == {"delivered"}


def test_what_is_newer_than_what_waited_while_the_process_was_away_has_as_much_time() -> None:
    lane = Lane(Publish(), {"oncall": target()})
    lane.offer(_told(1), NOW_MS)
    back_ms = NOW_MS + 3_600_000
    after = Lane(Publish(), {"oncall": target()}, back_ms)
    after.restore(saved(lane.snapshot()))
    after.offer(_told(2, Status.RESOLVED), back_ms)
    (job,) = taken(after, back_ms)
    after.came_back((job,), RETRY, back_ms)
    assert len(_fails_until(after, back_ms + 119_999)) > 1
    assert [outcome for _, outcome, _ in _ends(after)] == ["merged"]
    _fails_until(after, back_ms + 120_000)
    assert [outcome for _, outcome, _ in _ends(after)] == ["dead-lettered"]


def test_what_a_rate_holds_back_waits_beyond_its_deadline() -> None:
    lane = Lane(Publish(), {"oncall": target(rate=1)})
    for number in range(1000):
        lane.offer(delivery(number, id=f"{number:032x}"), NOW_MS)
    for second in range(1000):
        for job in taken(lane, NOW_MS + second * 1000):
            lane.came_back((job,), DELIVERED, NOW_MS + second * 1000)
    assert [ended.outcome.value for ended in lane.ended()] == ["delivered"] * 1000


def test_what_is_read_again_may_have_been_opened_whatever_the_clocks_say() -> None:
    """The gateway's clock is ahead: accepted after this process began, although it was read before it."""
    lane = Lane(Publish(), {"oncall": target("pagerduty")}, NOW_MS - 10_000)
    fired = delivery(1, id="a" * 32)
    lane.offer(fired, NOW_MS, is_read_again=True)
    lane.offer(fired._replace(id="b" * 32, alert=fired.alert._replace(status=Status.RESOLVED)), NOW_MS)
    (job,) = taken(lane, NOW_MS)
    assert (job.delivery.id, job.delivery.alert.status) == ("b" * 32, Status.RESOLVED)


def test_what_was_never_tried_says_at_its_deadline_what_held_its_target_back() -> None:
    lane = _lane()
    away = Sent(Judgement.RETRY, None, "connection failed: errno 111")
    for number in range(IN_A_ROW):
        lane.offer(delivery(number, id=f"{number:032x}"), NOW_MS)
    for job in taken(lane, NOW_MS):
        lane.came_back((job,), away, NOW_MS)
    for number in (8, 9):
        lane.offer(delivery(number, id=f"{number:032x}"), NOW_MS)
    (probe,) = taken(lane, LATE_MS)
    why = "not taken until its deadline; the target was held back: connection failed: errno 111"
    (untried,) = {f"{8:032x}", f"{9:032x}"} - {probe.delivery.id}
    assert [end for end in _ends(lane) if end[2] != away.error] == [(untried, "dead-lettered", why)]


@pytest.mark.parametrize("sent", [DELIVERED, REFUSED])
def test_resolve_that_only_the_fallback_took_is_a_dead_letter_if_its_incident_is_open(sent: Sent) -> None:
    lane = _lane(oncall=target("pagerduty", fallback="other"), other=target("webhook", "other"))
    lane.offer(F1, NOW_MS)
    _send(lane, sent)
    if sent is REFUSED:
        _send(lane, DELIVERED)
    lane.ended()
    lane.offer(R2, NOW_MS)
    assert [_send(lane, REFUSED), _send(lane, DELIVERED)] == ["oncall", "other"]
    (ended,) = lane.ended()
    is_open = sent is DELIVERED
    assert ended.outcome is (Outcome.DEAD_LETTERED if is_open else Outcome.DELIVERED_TO_FALLBACK)
    error = "oncall: answered 403" + ("; other was told, but it may still be open at oncall" if is_open else "")
    assert ended.error == error
