"""Whatever answers come, in whatever order, with crashes between: what the lane promises holds."""

from __future__ import annotations

import json
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alerts.alert import Status
from alerts.config import Publish
from alerts.decision import Outcome
from connectors.lane import Job, Lane, Sent
from connectors.request import Judgement
from tests.support.events import NOW_MS, alert, delivery

SETTINGS = Publish(tries=3, backoff=timedelta(milliseconds=100), max_concurrent=3)


class LaneMachine(RuleBasedStateMachine):
    """Offers, tries and answers in any order; `offered` and `ended` are ids by alert, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.lane = Lane(SETTINGS)
        self.now_ms = NOW_MS
        self.under_way: list[Job] = []
        self.offered: dict[str, list[str]] = {}
        self.ended: dict[str, list[str]] = {}
        self.count = 0

    @rule(number=st.integers(0, 5), status=st.sampled_from(Status))
    def offer(self, number: int, status: Status) -> None:
        of = alert(fingerprint=f"{number:016x}", status=status)
        made = delivery(id=f"{self.count:032x}", alert=of)
        self.count += 1
        self.offered.setdefault(of.fingerprint, []).append(made.id)
        self.lane.offer(made, self.now_ms)

    @rule()
    def take(self) -> None:
        for job in self.lane.take(self.now_ms):
            fingerprint = job.delivery.alert.fingerprint
            older = self.offered[fingerprint][: self.offered[fingerprint].index(job.delivery.id)]
            assert older == self.ended.get(fingerprint, []), "overtook an older one of its alert"
            assert job.due_ms <= self.now_ms
            self.under_way.append(job)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 99), judgement=st.sampled_from(Judgement), retry_after_ms=st.sampled_from([0, 1000]))
    def answer(self, which: int, judgement: Judgement, retry_after_ms: int) -> None:
        job = self.under_way.pop(which % len(self.under_way))
        end = self.lane.ended(job, Sent(judgement, None, "", retry_after_ms), self.now_ms)
        has_tries_left = job.tries + 1 < SETTINGS.tries
        assert (end is None) is (judgement is Judgement.RETRY and has_tries_left)
        if end is not None:
            assert end.tries <= SETTINGS.tries
            assert (end.outcome is Outcome.DELIVERED) is (judgement is Judgement.DELIVERED)
            self.ended.setdefault(job.delivery.alert.fingerprint, []).append(end.delivery.id)

    @rule(passed_ms=st.sampled_from([0, 1, 99, 100, 200, 1000]))
    def wait(self, passed_ms: int) -> None:
        self.now_ms += passed_ms

    @rule()
    def crash(self) -> None:
        """Answers under way are lost; all else comes back."""
        saved = json.loads(json.dumps(self.lane.snapshot()))
        self.lane = Lane(SETTINGS)
        self.lane.restore(saved)
        self.under_way.clear()

    @invariant()
    def ended_in_the_order_offered_and_once(self) -> None:
        for fingerprint, ended in self.ended.items():
            assert self.offered[fingerprint][: len(ended)] == ended

    @invariant()
    def nothing_is_lost(self) -> None:
        assert len(self.lane) == self.count - sum(map(len, self.ended.values()))

    @invariant()
    def bound_is_kept(self) -> None:
        assert len(self.under_way) <= SETTINGS.max_concurrent
        assert self.lane.is_busy is bool(self.under_way)

    @invariant()
    def something_can_always_go_on(self) -> None:
        """No delivery waits for something that never comes."""
        assert not len(self.lane) or self.under_way or self.lane.next_ms() is not None

    def teardown(self) -> None:
        for _ in range(100 * (self.count + 1)):
            while self.under_way:
                self.answer(0, Judgement.RETRY, 0)
            self.now_ms = max(self.now_ms, self.lane.next_ms() or 0)
            self.take()
            if not len(self.lane):
                break
        assert self.ended == self.offered


TestLaneOrders = LaneMachine.TestCase
TestLaneOrders.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
