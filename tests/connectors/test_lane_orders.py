"""Whatever answers come, in whatever order, with crashes between: what the lane promises holds.

The oracle keeps only what was offered, each try with what came of it, and what ended.
"""

from __future__ import annotations

import json
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
from tests.support.events import NOW_MS, alert, delivery, target

if TYPE_CHECKING:
    from connectors.job import Job

DEADLINE = Deadline(critical=timedelta(minutes=5), others=timedelta(minutes=2))
SETTINGS = Publish(deadline=DEADLINE, backoff=timedelta(milliseconds=100), max_concurrent=4)
ANSWERS = {
    "delivered": Sent(Judgement.DELIVERED, 200, ""),
    "silent": Sent(Judgement.RETRY, None, "no answer"),
    "limited": Sent(Judgement.RETRY, 429, "answered 429", 5000),
    "refused": Sent(Judgement.REFUSED, 403, "answered 403"),
    "gone": Sent(Judgement.REFUSED, 410, "answered 410"),
}


class Try(NamedTuple):
    target: str
    delivery: str
    status: Status
    came_back: list[Sent]
    """Empty while it is under way, and for ever after a crash."""


class LaneMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now_ms = NOW_MS
        self.under_way: list[tuple[Job, Try]] = []
        self.offered: dict[str, list[Delivery]] = {}
        self.tries: dict[str, list[Try]] = {}
        self.ended: dict[str, Outcome] = {}
        self.count = 0
        self.began_ms = 0

    @initialize(
        kind=st.sampled_from(["webhook", "pagerduty", "alertmanager"]),
        fallback=st.sampled_from([None, "webhook", "pagerduty"]),
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
        for job in self.lane.take(self.now_ms):
            told = job.outgoing
            tries = self.tries.setdefault(told.alert.fingerprint, [])
            assert all(other.outgoing.alert.fingerprint != told.alert.fingerprint for other, _ in self.under_way)
            if job.is_heartbeat:
                newest = self.offered[told.alert.fingerprint][-1]
                assert told.alert.status is newest.alert.status, "what is no longer so is said again"
                assert newest.id in self.ended, "a heartbeat in place of something newer"
                self.under_way.append((job, Try(told.target, told.id, told.alert.status, [])))
                continue
            seen = [one.delivery for one in tries]
            # What was sent before a crash may be repeated after it, the newer ones behind it.
            assert told.id >= max(seen, default="") or (job.is_repeat and told.id in seen), "an older one after a newer"
            assert job.is_repeat is (told.alert.envelope.accepted_ms < self.began_ms)
            tries.append(Try(told.target, told.id, told.alert.status, []))
            self.under_way.append((job, tries[-1]))
        self.collect()

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 99), answer=st.sampled_from([*ANSWERS][:4] * 6 + ["gone"]))
    def answer(self, which: int, answer: str) -> None:
        job, made = self.under_way.pop(which % len(self.under_way))
        made.came_back.append(ANSWERS[answer])
        self.lane.came_back(job, ANSWERS[answer], self.now_ms)
        self.collect()

    @rule(passed_ms=st.sampled_from([0, 1, 100, 1000, 30_000, 130_000]))
    def wait(self, passed_ms: int) -> None:
        self.now_ms += passed_ms

    @rule()
    def save(self) -> None:
        """A snapshot of the lane and of where the source stands."""
        self.saved = json.dumps(self.lane.snapshot())
        self.saved_ended = dict(self.ended)
        self.since_saved: list[Delivery] = []

    @rule()
    def crash(self) -> None:
        """Answers under way are lost, and what targets are gone; what came since the snapshot is read again."""
        self.now_ms += 1
        self.began_ms = self.now_ms
        self.lane = Lane(SETTINGS, self.targets, self.began_ms)
        self.lane.restore(json.loads(self.saved))
        self.ended = dict(self.saved_ended)
        self.under_way.clear()
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
                unheard = made.came_back and made.came_back[0].status in {403, 410, 429}
                is_open = is_open or not unheard
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
        assert self.lane.is_busy is bool(self.under_way)
        assert not len(self.lane) or self.under_way or self.lane.next_ms() is not None

    def teardown(self) -> None:
        for _ in range(50 * (self.count + 1)):
            while self.under_way:
                self.answer(0, "delivered")
            if not len(self.lane):
                break
            self.now_ms = max(self.now_ms, self.lane.next_ms() or 0)
            self.take()
        assert len(self.ended) == self.count
        for fingerprint, told in self.offered.items():
            self.check_last(fingerprint, told[-1])

    def check_last(self, fingerprint: str, last: Delivery) -> None:
        """The last state was told, or is a dead letter, or nobody needed it; what may be open is closed by it."""
        outcome = self.ended[last.id]
        if outcome in {Outcome.DELIVERED, Outcome.DELIVERED_TO_FALLBACK}:
            assert self.tries[fingerprint][-1].delivery == last.id
        if last.alert.status is Status.RESOLVED and outcome in {Outcome.DELIVERED, Outcome.NOT_NEEDED}:
            opened = [name for name, one in self.targets.items() if one.opens_incident(last.alert)]
            assert not [name for name in opened if self.may_be_open(fingerprint, name)]
        if outcome is Outcome.NOT_NEEDED:
            assert self.targets["oncall"].opens_incident(last.alert)


TestLaneOrders = LaneMachine.TestCase
TestLaneOrders.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
