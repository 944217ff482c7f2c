"""A lane as a keyed step: what holds it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from alerts.alert import Status
from alerts.config import Publish
from connectors.request import Judgement, Sent
from flows import metrics
from flows.plumbing import lanes
from flows.plumbing.background import Background, Wake
from flows.plumbing.gauges import kept_alive, target_gone, target_held
from flows.plumbing.lanes import LaneLogic, Send, Shared
from flows.plumbing.pending import Pending
from tests.support.events import NOW_MS, delivery, target

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from alerts.decision import Delivery
    from connectors.heartbeats import Beat

FIRING = delivery(1, id="a" * 32)
RESOLVED = FIRING._replace(id="b" * 32, transition="resolved", alert=FIRING.alert._replace(status=Status.RESOLVED))


async def _take(_: Sequence[Delivery]) -> Sent:
    return Sent(Judgement.DELIVERED, 200, "")


def _logic(send: Send, wake: Wake) -> LaneLogic:
    return LaneLogic(send, Background(wake), Publish(), None, Shared([target()]))


def _tell(lane: LaneLogic, wake: Wake, *told: Delivery) -> list[str]:
    """Offer these and take back what comes of each one try; the words of what ended."""
    ended = [*lane.on_batch(list(told))[0]]
    while lane.is_busy:
        wake.wait(10)
        ended += lane.on_notify()[0]
    return [one.outcome.value for one in ended]


def test_target_that_is_gone_is_a_gauge_and_its_deliveries_are_dead_letters() -> None:
    async def send(_: Sequence[Delivery]) -> Sent:
        return Sent(Judgement.REFUSED, 410, "answered 410")

    wake = Wake()
    lane = _logic(send, wake)
    target_gone.labels(target="oncall").set(0)
    assert _tell(lane, wake, FIRING) == ["dead-lettered"]
    assert target_gone.labels(target="oncall")._value.get() == 1
    assert _tell(lane, wake, delivery(2)) == ["dead-lettered"]


def test_breaker_is_a_gauge_that_goes_up_when_the_target_fails() -> None:
    async def send(_: Sequence[Delivery]) -> Sent:
        return Sent(Judgement.RETRY, 503, "answered 503")

    wake = Wake()
    lane = _logic(send, wake)
    assert _tell(lane, wake, *(delivery(number) for number in range(4))) == []
    assert target_held.labels(target="oncall")._value.get() == 0
    with capture_logs() as logged:
        assert _tell(lane, wake, delivery(4)) == []
    assert target_held.labels(target="oncall")._value.get() == 1
    assert [(line["event"], line["target"], line["error"]) for line in logged] == [
        ("target_held_back", "oncall", "answered 503")
    ]


def test_nothing_is_sent_while_older_records_are_still_being_read_and_then_the_latest_only() -> None:
    behind = [True]
    wake = Wake()
    background = Background(wake)
    lane = LaneLogic(_take, background, Publish(), None, Shared([target()], is_behind=lambda: behind[0]))
    lane.on_batch([FIRING])
    ended, _ = lane.on_batch([RESOLVED])
    assert background.is_idle()
    assert [(one.delivery.id, one.outcome.value) for one in ended] == [(FIRING.id, "merged")]
    behind[0] = False
    lane.on_notify()
    wake.wait(10)
    ended, _ = lane.on_notify()
    assert [(one.delivery.id, one.outcome.value) for one in ended] == [(RESOLVED.id, "delivered")]


def test_heartbeats_are_counted_as_such_and_end_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    beats: list[Beat] = []

    async def beat(one: Beat) -> Sent:
        beats.append(one)
        return Sent(Judgement.DELIVERED, 200, "")

    now_ms = [NOW_MS]
    monkeypatch.setattr(lanes, "_now_ms", lambda: now_ms[0])
    wake = Wake()
    am = target("alertmanager", "am")
    lane = LaneLogic(_take, Background(wake), Publish(), None, Shared([am], beat=beat))
    told = delivery(3, target="am")
    counted = metrics.heartbeats.labels(target="am", judgement="delivered")
    tried = metrics.attempts.labels(target="am", judgement="delivered")
    before = (counted._value.get(), tried._value.get(), kept_alive.labels(target="am")._value.get())
    assert _tell(lane, wake, told) == ["delivered"]
    now_ms[0] += 60_000
    assert _tell(lane, wake) == []
    assert [one.deliveries for one in beats] == [(told,)]
    after = (counted._value.get(), tried._value.get(), kept_alive.labels(target="am")._value.get())
    assert [later - earlier for earlier, later in zip(before, after, strict=True)] == [1, 1, 1]


def test_the_oldest_that_waits_in_any_lane_is_known() -> None:
    pending = Pending(100)
    shared = Shared(pending=pending, is_behind=lambda: True)
    two = [LaneLogic(_take, Background(Wake()), Publish(), None, shared) for _ in range(2)]
    assert pending.oldest_ms is None
    two[0].on_batch([FIRING])
    older = FIRING.alert.envelope._replace(accepted_ms=FIRING.alert.envelope.accepted_ms - 1000)
    two[1].on_batch([FIRING._replace(id="c" * 32, alert=FIRING.alert._replace(fingerprint="c", envelope=older))])
    assert pending.oldest_ms == older.accepted_ms


def test_the_oldest_that_waits_is_found_anew_when_one_ends_as_another_comes() -> None:
    pending, ages = Pending(100), [100]
    pending.watch(lambda: min(ages))
    pending.add(1)
    assert pending.oldest_ms == 100
    ages[:] = [50]
    pending.add(0)
    assert pending.oldest_ms == 50
