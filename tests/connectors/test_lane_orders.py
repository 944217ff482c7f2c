"""Whatever answers come, in whatever order, with crashes between: what the lane promises holds.

The oracle keeps only what was offered, each try with what came of it, and what ended.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from alerts.alert import Status
from alerts.config import Deadline, Publish
from alerts.decision import Delivery, Outcome
from connectors.lane import Lane
from connectors.request import Judgement, Sent
from tests.support.events import NOW_MS, alert, delivery, saved, target

if TYPE_CHECKING:
    from connectors.heartbeats import Beat
    from connectors.job import Job, Load

DEADLINE = Deadline(critical=timedelta(minutes=5), others=timedelta(minutes=2))
SETTINGS = Publish(deadline=DEADLINE, backoff=timedelta(milliseconds=100), max_concurrent=4)
ANSWERS = {
    "delivered": Sent(Judgement.DELIVERED, 200, ""),
    "silent": Sent(Judgement.RETRY, None, "no answer"),
    "limited": Sent(Judgement.RETRY, 429, "answered 429", 5000),
    "refused": Sent(Judgement.REFUSED, 403, "answered 403"),
    "gone": Sent(Judgement.REFUSED, 410, "answered 410"),
}


UNCLEAR = Sent(Judgement.RETRY, None, "refused with others")
"""Of each of several that one request told of."""


class Try(NamedTuple):
    target: str
    delivery: str
    status: Status
    came_back: list[Sent]
    """Empty while it is under way, and for ever after a crash."""

    @property
    def was_taken(self) -> bool:
        return bool(self.came_back) and self.came_back[0].judgement is Judgement.DELIVERED

    @property
    def may_be_heard(self) -> bool:
        return not self.came_back or self.came_back[0].status not in {403, 410, 429}


class LaneMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now_ms = NOW_MS
        self.under_way: list[tuple[Load, list[Try]]] = []
        self.offered: dict[str, list[Delivery]] = {}
        self.tries: dict[str, list[Try]] = {}
        self.ended: dict[str, Outcome] = {}
        self.count = 0
        self.began_ms = 0
        self.beating: list[Beat] = []

    @initialize(
        kind=st.sampled_from(["webhook", "pagerduty", "alertmanager"]),
        fallback=st.sampled_from([None, "webhook", "pagerduty", "alertmanager"]),
        rate=st.sampled_from([None, 2]),
    )
    def begin(self, kind: str, fallback: str | None, rate: int | None) -> None:
        own = target(kind, rate=rate, fallback="other" if fallback else None)
        self.targets = {"oncall": own, "other": target(fallback or "webhook", "other")}
        self.lane = Lane(SETTINGS, self.targets)
        self.save()

    @rule(number=st.integers(0, 2), status=st.sampled_from(Status))
    def offer(self, number: int, status: Status) -> None:
        of = alert(fingerprint=f"{number:016x}", status=status, at_ms=self.now_ms)
        made = delivery(id=f"{self.count:032x}", alert=of)
        self.count += 1
        self.offered.setdefault(of.fingerprint, []).append(made)
        self.since_saved.append(made)
        self.lane.offer(made, self.now_ms)
        self.collect()

    @rule()
    def take(self) -> None:
        for load in self.lane.take(self.now_ms):
            assert len({job.to for job in load}) == 1
            assert len(load) == 1 or self.targets[load[0].to].kind == "alertmanager"
            self.under_way.append((load, []))
            for job in load:
                self.under_way[-1][1].append(self.sets_out(job))
        self.collect()

    def sets_out(self, job: Job) -> Try:
        told = job.outgoing
        tries = self.tries.setdefault(told.alert.fingerprint, [])
        assert told.alert.fingerprint not in self.alerts_beating()
        assert sum(fingerprint == told.alert.fingerprint for fingerprint in self.alerts_under_way()) == 1
        seen = [one.delivery for one in tries]
        # What was sent before a crash may be repeated after it, the newer ones behind it.
        assert told.id >= max(seen, default="") or (job.is_repeat and told.id in seen), "an older one after a newer"
        assert job.is_repeat is (told.alert.envelope.accepted_ms < self.began_ms)
        tries.append(Try(told.target, told.id, told.alert.status, []))
        return tries[-1]

    def alerts_under_way(self) -> list[str]:
        return [job.fingerprint for load, _ in self.under_way for job in load]

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 99), answer=st.sampled_from([*ANSWERS][:4] * 6 + ["gone"]))
    def answer(self, which: int, answer: str) -> None:
        load, tries = self.under_way.pop(which % len(self.under_way))
        is_unclear = len(load) > 1 and ANSWERS[answer].judgement is Judgement.REFUSED
        for made in tries:
            made.came_back.append(UNCLEAR if is_unclear else ANSWERS[answer])
        self.lane.came_back(load, ANSWERS[answer], self.now_ms)
        self.collect()

    @rule(number=st.integers(0, 2), status=st.sampled_from(Status))
    def tell(self, number: int, status: Status) -> None:
        """A target that takes everything at once."""
        self.offer(number, status)
        self.take()
        while self.under_way:
            self.answer(0, "delivered")

    @rule(passed_ms=st.sampled_from([0, 60_000]))
    def beat(self, passed_ms: int) -> None:
        """A heartbeat says what its target heard last, and nothing of what is still to be told or under way."""
        self.now_ms += passed_ms
        for beat in self.lane.beats(self.now_ms):
            assert self.targets[beat.to].heartbeat is not None
            for one in beat.deliveries:
                fingerprint = one.alert.fingerprint
                assert fingerprint not in self.alerts_beating()
                assert fingerprint not in self.alerts_under_way()
                heard = [made for made in self.tries[fingerprint] if made.target == beat.to and made.may_be_heard]
                assert one.alert.status is heard[-1].status
                assert one.id in [made.delivery for made in heard if made.was_taken]
                assert all(made.id in self.ended for made in self.offered[fingerprint]), "something waits"
            self.beating.append(beat)

    def alerts_beating(self) -> set[str]:
        return {one.alert.fingerprint for beat in self.beating for one in beat.deliveries}

    @precondition(lambda self: self.beating)
    @rule(which=st.integers(0, 99), answer=st.sampled_from([*ANSWERS][:4] * 6 + ["gone"]))
    def answer_beat(self, which: int, answer: str) -> None:
        self.lane.beat_came_back(self.beating.pop(which % len(self.beating)), ANSWERS[answer], self.now_ms)
        assert self.lane.ended() == []

    @rule(passed_ms=st.sampled_from([0, 1, 100, 1000, 30_000, 60_000, 130_000]))
    def wait(self, passed_ms: int) -> None:
        self.now_ms += passed_ms

    @rule()
    def save(self) -> None:
        """A snapshot of the lane and of where the source stands."""
        self.saved = saved(self.lane.snapshot())
        self.saved_ended = dict(self.ended)
        self.since_saved: list[Delivery] = []

    @rule()
    def crash(self) -> None:
        """Answers under way are lost, and what targets are gone; what came since the snapshot is read again."""
        self.now_ms += 1
        self.began_ms = self.now_ms
        self.lane = Lane(SETTINGS, self.targets, self.began_ms)
        self.lane.restore(self.saved)
        self.ended = dict(self.saved_ended)
        self.under_way.clear()
        self.beating.clear()
        for made in self.since_saved:
            self.lane.offer(made, self.now_ms)
        self.collect()

    def collect(self) -> None:
        for end in self.lane.ended():
            assert end.delivery.id not in self.ended, "ended twice"
            self.ended[end.delivery.id] = end.outcome

    def may_be_open(self, fingerprint: str, target: str) -> bool:
        """By the tries alone."""
        is_open = False
        for made in self.tries.get(fingerprint, []):
            if made.target == target and made.status is Status.FIRING:
                is_open = is_open or made.may_be_heard
            elif made.target == target and made.came_back and made.came_back[0].judgement is Judgement.DELIVERED:
                is_open = False
        return is_open

    @invariant()
    def every_offered_one_waits_or_has_ended(self) -> None:
        assert len(self.lane) == self.count - len(self.ended)

    @invariant()
    def latest_of_each_alert_is_never_merged_away(self) -> None:
        assert all(self.ended.get(told[-1].id) is not Outcome.MERGED for told in self.offered.values())

    @invariant()
    def bound_is_kept_and_something_can_always_go_on(self) -> None:
        assert len(self.under_way) <= 2 * SETTINGS.max_concurrent
        assert self.lane.is_busy is bool(self.under_way or self.beating)
        assert not len(self.lane) or self.under_way or self.beating or self.lane.next_ms() is not None

    def teardown(self) -> None:
        for _ in range(50 * (self.count + 1)):
            while self.under_way:
                self.answer(0, "delivered")
            while self.beating:
                self.answer_beat(0, "delivered")
            if not len(self.lane):
                break
            self.now_ms = max(self.now_ms, self.lane.next_ms() or 0)
            self.take()
            self.beat(0)
        assert len(self.ended) == self.count
        for fingerprint, told in self.offered.items():
            self.check_last(fingerprint, told[-1])

    def check_last(self, fingerprint: str, last: Delivery) -> None:
        """The last state was told, or is a dead letter, or nobody needed it; what may be open is closed by it."""
        outcome = self.ended[last.id]
        if outcome in {Outcome.DELIVERED, Outcome.DELIVERED_TO_FALLBACK}:
            assert self.tries[fingerprint][-1].delivery == last.id
        if last.alert.status is Status.RESOLVED and outcome is not Outcome.DEAD_LETTERED:
            opened = [name for name, one in self.targets.items() if one.opens_incident(last.alert)]
            assert not [name for name in opened if self.may_be_open(fingerprint, name)]
        if outcome is Outcome.NOT_NEEDED:
            assert self.targets["oncall"].opens_incident(last.alert)


TestLaneOrders = LaneMachine.TestCase
TestLaneOrders.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
