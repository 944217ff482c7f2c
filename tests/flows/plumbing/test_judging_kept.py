"""Alerts that wait for a model, and answers: what a crash, a restart and an end leave of them."""

from __future__ import annotations

import pytest

from alerts.advice import How
from alerts.decision import Severity
from flows.plumbing.account import account
from flows.plumbing.judging import Saved
from tests.support.advice import Desk, Scripted
from tests.support.events import NOW_MS, saved
from tests.support.judging import PARTITION, chunk_of, come, event, logic_of, rows_of, wait


def test_what_firings_were_weighed_by_outlives_a_crash() -> None:
    before = Desk(Scripted(), cache_max=1)
    logic = logic_of(before)
    for number in (1, 2):
        come(logic, chunk_of(event(number, f"Kind{number}")))
        wait(logic, before)
    again = logic_of(Desk(Scripted()), saved(logic.snapshot()))  # type: ignore[arg-type]
    assert come(again, chunk_of(event(1, "Kind1", status="resolved"))) == [
        ("1-resolved", How.RESOLVED, Severity.CRITICAL)
    ]


def test_nobody_waits_when_the_process_is_about_to_end() -> None:
    desk = Desk(Scripted(may_answer=False))
    logic = logic_of(desk)
    come(logic, chunk_of(event(1)))
    assert desk.asking.waiting == 1
    desk.is_ending = True
    assert [how for _, how, _ in rows_of(logic.on_notify()[0])] == [How.LATE]
    assert desk.asking.waiting == 0
    desk.model.may_answer.set()


def test_what_waits_outlives_a_crash_and_is_asked_about_again() -> None:
    before = Desk(Scripted(may_answer=False))
    logic = logic_of(before)
    come(logic, chunk_of(event(1), event(2)), chunk_of(event(1, status="resolved"), offset=8))
    state: Saved = saved(logic.snapshot())  # type: ignore[arg-type, assignment]
    assert state["partition"] == PARTITION
    desk = Desk(Scripted())
    again = logic_of(desk, state)
    assert again.snapshot() == state
    assert [id_ for id_, *_ in wait(again, desk)] == ["1-firing", "1-resolved", "2-firing"]
    assert len(desk.model.asked) == 1
    before.model.may_answer.set()


def test_what_waited_goes_on_by_rules_when_there_is_no_model_any_more() -> None:
    before = Desk(Scripted(may_answer=False))
    logic = logic_of(before)
    come(logic, chunk_of(event(1)))
    again = logic_of(None, logic.snapshot())
    assert again.notify_at() is not None
    assert list(rows_of(again.on_notify()[0])) == [("1-firing", None, Severity.WARNING)]
    assert again.notify_at() is None
    before.model.may_answer.set()


def test_answers_outlive_a_crash() -> None:
    before = Desk(Scripted())
    logic = logic_of(before)
    come(logic, chunk_of(event(1)))
    wait(logic, before)
    desk = Desk(Scripted())
    again = logic_of(desk, saved(logic.snapshot()))  # type: ignore[arg-type]
    assert come(again, chunk_of(event(2))) == [("2-firing", How.CACHED, Severity.CRITICAL)]
    assert desk.model.asked == []


def test_what_waits_stays_on_the_account_and_holds_back_a_cold_start() -> None:
    desk = Desk(Scripted(may_answer=False))
    logic = logic_of(desk)
    account.came((PARTITION, 7), 1)
    before = len(account)
    come(logic, chunk_of(event(1)))
    assert desk.pending.oldest_ms == NOW_MS
    assert len(account) == before
    desk.model.may_answer.set()
    wait(logic, desk)
    assert desk.pending.oldest_ms is None
    account.left((PARTITION, 7), 1)


def test_state_of_another_version_is_refused() -> None:
    state = Saved(v=99, partition=0, waiting=[], kept=None, told={"alerts": {}, "answers": {}})
    with pytest.raises(Exception, match="version 99"):
        logic_of(None, state)
