"""Alerts that wait for a model: how long, in which order, and how many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.advice import How
from alerts.decision import Severity
from connectors.breaker import IN_A_ROW
from flows.plumbing import asking, judging
from tests.support.advice import ANSWER, Desk, Scripted
from tests.support.judging import chunk_of, come, event, later, logic_of, rows_of, wait

if TYPE_CHECKING:
    import pytest


def test_alert_waits_for_the_answer_and_those_after_it_do_not() -> None:
    desk = Desk(Scripted())
    logic = logic_of(desk)
    assert come(logic, chunk_of(event(1))) == []
    assert wait(logic, desk) == [("1-firing", How.ANSWERED, Severity.CRITICAL)]
    assert come(logic, chunk_of(event(2))) == [("2-firing", How.CACHED, Severity.CRITICAL)]
    assert len(desk.model.asked) == 1


def test_only_what_waits_is_held_back_and_every_arrival_comes_out_once() -> None:
    desk = Desk(Scripted())
    logic = logic_of(desk)
    come(logic, chunk_of(event(1)))
    wait(logic, desk)
    chunk = chunk_of(event(1), event(2, "Other"), event(3), duplicates=[event(8), event(9)])
    (now,) = logic.on_batch([chunk])[0]
    assert [one.id for one in now.arrivals] == ["8-firing", "9-firing", "1-firing", "3-firing"]
    assert [one.id for one in now.alerts] == ["1-firing", "3-firing"]
    assert (now.records, len(now.seen), len(now.judged)) == ([(7, 4)], 4, 2)
    (after,) = later(logic, desk)
    assert [one.id for one in after.arrivals] == ["2-firing"]
    assert (after.records, after.transitions) == ([(7, 1)], ["firing/2-firing"])


def test_rules_decide_when_the_deadline_has_passed_and_the_answer_serves_the_next() -> None:
    desk = Desk(Scripted(may_answer=False), deadline="5s")
    logic = logic_of(desk)
    come(logic, chunk_of(event(1)))
    desk.clock.now_ms += 4_999
    assert list(logic.on_notify()[0]) == []
    desk.clock.now_ms += 1
    assert list(rows_of(logic.on_notify()[0])) == [("1-firing", How.LATE, Severity.WARNING)]
    desk.model.may_answer.set()
    assert wait(logic, desk) == []
    assert come(logic, chunk_of(event(2))) == [("2-firing", How.CACHED, Severity.CRITICAL)]


def test_what_the_rules_call_critical_waits_less() -> None:
    desk = Desk(Scripted(may_answer=False), deadline="5s", critical_deadline="1s")
    logic = logic_of(desk)
    come(logic, chunk_of(event(1), event(2, "NodeDown")))
    desk.clock.now_ms += 1_000
    assert list(rows_of(logic.on_notify()[0])) == [("2-firing", How.LATE, Severity.CRITICAL)]
    desk.model.may_answer.set()
    assert [id_ for id_, *_ in wait(logic, desk)] == ["1-firing"]


def test_events_of_one_alert_stay_in_their_order() -> None:
    desk = Desk(Scripted(may_answer=False))
    logic = logic_of(desk)
    assert come(logic, chunk_of(event(1)), chunk_of(event(1, status="resolved"), event(1, "NodeDown"))) == []
    desk.model.may_answer.set()
    assert [id_ for id_, *_ in wait(logic, desk)] == ["1-firing", "1-resolved", "1-firing"]


def test_older_event_waits_no_longer_than_a_newer_one_behind_it_may() -> None:
    desk = Desk(Scripted(may_answer=False), deadline="5s", critical_deadline="1s")
    logic = logic_of(desk)
    come(logic, chunk_of(event(1)), chunk_of(event(1, severity="critical")))
    desk.clock.now_ms += 1_000
    assert [how for _, how, _ in rows_of(logic.on_notify()[0])] == [How.LATE, How.LATE]
    desk.model.may_answer.set()


def test_resolve_waits_for_no_model() -> None:
    desk = Desk(Scripted(may_answer=False))
    assert come(logic_of(desk), chunk_of(event(1, status="resolved"))) == [
        ("1-resolved", How.RESOLVED, Severity.WARNING)
    ]
    assert desk.model.asked == []


def test_resolve_is_weighed_as_its_firing_was_however_old_the_answer_is() -> None:
    desk = Desk(Scripted(), cache="1m")
    logic = logic_of(desk)
    come(logic, chunk_of(event(1)))
    wait(logic, desk)
    desk.clock.now_ms += 60_000
    assert come(logic, chunk_of(event(1, status="resolved"))) == [("1-resolved", How.RESOLVED, Severity.CRITICAL)]


def test_resolve_of_a_firing_that_the_rules_judged_goes_by_them_though_the_answer_has_come_since() -> None:
    desk = Desk(Scripted(may_answer=False))
    logic = logic_of(desk)
    come(logic, chunk_of(event(1)))
    desk.clock.now_ms += 5_000
    assert [how for _, how, _ in rows_of(logic.on_notify()[0])] == [How.LATE]
    desk.model.may_answer.set()
    wait(logic, desk)
    assert come(logic, chunk_of(event(2)), chunk_of(event(1, status="resolved"))) == [
        ("2-firing", How.CACHED, Severity.CRITICAL),
        ("1-resolved", How.RESOLVED, Severity.WARNING),
    ]


def test_failed_call_leaves_the_rules_to_decide() -> None:
    desk = Desk(Scripted(None))
    logic = logic_of(desk)
    come(logic, chunk_of(event(1)))
    assert wait(logic, desk) == [("1-firing", How.FAILED, Severity.WARNING)]
    assert come(logic, chunk_of(event(2))) == [("2-firing", How.FAILED, Severity.WARNING)]


def test_nobody_waits_while_the_breaker_is_open() -> None:
    desk = Desk(Scripted(None))
    logic = logic_of(desk)
    for number in range(IN_A_ROW):
        come(logic, chunk_of(event(number, f"Kind{number}")))
        wait(logic, desk)
    assert come(logic, chunk_of(event(9, "Another"))) == [("9-firing", How.HELD_BACK, Severity.WARNING)]


def test_so_many_wait_and_the_others_are_judged_by_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "WAITING_MAX", 2)
    desk = Desk(Scripted(may_answer=False))
    logic = logic_of(desk)
    assert come(logic, chunk_of(*map(event, range(3)))) == [("2-firing", How.TOO_MANY, Severity.WARNING)]
    # What a newer event stands behind waits no longer when there is no room for that.
    assert [row[:2] for row in come(logic, chunk_of(event(1, status="resolved")))] == [
        ("1-firing", How.LATE),
        ("1-resolved", How.RESOLVED),
    ]
    desk.model.may_answer.set()
    assert [id_ for id_, *_ in wait(logic, desk)] == ["0-firing"]


def test_what_waits_is_bounded_in_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "WAITING_MAX_BYTES", 2000)
    desk = Desk(Scripted(may_answer=False))
    logic = logic_of(desk)
    assert come(logic, chunk_of(event(1, text="x" * 2000))) == []
    assert [how for _, how, _ in come(logic, chunk_of(event(2)))] == [How.TOO_MANY]
    desk.model.may_answer.set()


def test_alert_that_flaps_leaves_in_order_when_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "WAITING_MAX", 100)
    desk = Desk(Scripted(may_answer=False))
    logic = logic_of(desk)
    flaps = [event(1, status="resolved" if number % 2 else "firing") for number in range(100)]
    assert come(logic, chunk_of(*flaps)) == []
    left = [id_ for id_, *_ in come(logic, chunk_of(event(1)))]
    assert left == [one.id for one in flaps]
    desk.model.may_answer.set()


def test_row_says_what_the_rules_alone_say_and_that_they_are_the_floor() -> None:
    desk = Desk(Scripted(ANSWER._replace(severity=Severity.NOISE)))
    logic = logic_of(desk)
    come(logic, chunk_of(event(1)))
    (chunk,) = later(logic, desk)
    (row,) = chunk.judged
    assert row.told.severity is row.weighed.severity is Severity.WARNING
    assert row.alone is not None
    assert (row.alone.rule, row.guards) == ("default", ("floor",))


def test_texts_that_take_long_are_left_to_the_rules_until_the_next_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_WORK_MAX_S", 1e-9)
    desk = Desk(Scripted())
    logic = logic_of(desk)
    assert come(logic, chunk_of(event(1, "First"))) == []
    assert [how for _, how, _ in come(logic, chunk_of(event(2, "Second")))] == [How.STORM]
    desk.clock.now_ms += 1000
    assert come(logic, chunk_of(event(3, "Second"))) == []
    assert [id_ for id_, *_ in wait(logic, desk)] == ["1-firing", "3-firing"]


def test_ten_thousand_equal_alerts_are_one_call() -> None:
    desk = Desk(Scripted(may_answer=False))
    logic = logic_of(desk)
    for start in range(0, 10_000, 1000):
        assert come(logic, chunk_of(*map(event, range(start, start + 1000)))) == []
    desk.model.may_answer.set()
    assert len(wait(logic, desk)) == 10_000
    assert len(desk.model.asked) == 1


def test_ten_thousand_alerts_of_fifty_templates_are_fifty_calls() -> None:
    desk = Desk(Scripted(), new_templates_per_minute=50)
    logic = logic_of(desk)
    left = []
    for start in range(0, 10_000, 1000):
        events = (event(number, f"Kind{number % 50}") for number in range(start, start + 1000))
        left += come(logic, chunk_of(*events))
    left += wait(logic, desk)
    assert len(left) == 10_000
    assert len(desk.model.asked) == 50
