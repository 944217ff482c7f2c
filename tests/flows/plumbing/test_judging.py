"""Alerts that wait for a model: how long, in which order, and what a crash leaves of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.advice import How
from alerts.alert import Arrival, Status
from alerts.decision import Severity, Verdict
from alerts.record import open_alert
from connectors.breaker import IN_A_ROW
from flows.chunk import Chunk
from flows.plumbing import judging
from flows.plumbing.account import account
from flows.plumbing.judging import ClassifyLogic, Saved
from flows.steps.classify import Classify
from flows.steps.dedup import Seen
from tests.support.advice import ANSWER, Desk, Scripted
from tests.support.events import NOW_MS, arrival, line, saved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PARTITION = 3


def _event(number: int = 0, name: str = "Checkout", status: str = "firing", **labels: str) -> Arrival:
    """One event of an alert; those of different `number` are of different alerts."""
    body = line({"alertname": name, **labels}, status=status)
    return arrival(fingerprint=f"{number:016x}", name=name, status=Status(status), line=body, id=f"{number}-{status}")


def _chunk(*arrivals: Arrival, offset: int = 7, duplicates: Iterable[Arrival] = ()) -> Chunk:
    passed = [Seen(Verdict("new", "window", {}), f"{one.status}/{one.id}") for one in arrivals]
    ended = [Seen(Verdict("duplicate", "window", {}), None) for _ in duplicates]
    every = [*duplicates, *arrivals]
    alerts = [open_alert(one) for one in arrivals]
    transitions = [one.transition or "" for one in passed]
    return Chunk(PARTITION, every, [], [(offset, len(every))], [*ended, *passed], alerts, transitions)


def _logic(desk: Desk | None, state: Saved | None = None) -> ClassifyLogic:
    return ClassifyLogic(Classify(), desk.asking if desk else None, state)


def _rows(chunks: Iterable[Chunk]) -> Iterator[tuple[str, How | None, Severity]]:
    """Of each alert its input id, how the model's word came, and what it is weighed."""
    for chunk in chunks:
        for alert, row in zip(chunk.alerts, chunk.judged, strict=True):
            yield alert.id, row.advice.how if row.advice else None, row.weighed.severity


def _come(logic: ClassifyLogic, *chunks: Chunk) -> list[tuple[str, How | None, Severity]]:
    return list(_rows(logic.on_batch(list(chunks))[0]))


def _later(logic: ClassifyLogic, desk: Desk) -> Iterator[Chunk]:
    """What leaves until nothing is waited for; the model must be free to answer."""
    yield from logic.on_notify()[0]
    while logic.notify_at() is not None:
        desk.wake.wait(10)
        yield from logic.on_notify()[0]


def _wait(logic: ClassifyLogic, desk: Desk) -> list[tuple[str, How | None, Severity]]:
    return list(_rows(_later(logic, desk)))


def test_alert_waits_for_the_answer_and_those_after_it_do_not() -> None:
    desk = Desk(Scripted())
    logic = _logic(desk)
    assert _come(logic, _chunk(_event(1))) == []
    assert _wait(logic, desk) == [("1-firing", How.ANSWERED, Severity.CRITICAL)]
    assert _come(logic, _chunk(_event(2))) == [("2-firing", How.CACHED, Severity.CRITICAL)]
    assert len(desk.model.asked) == 1


def test_only_what_waits_is_held_back_and_every_arrival_comes_out_once() -> None:
    desk = Desk(Scripted())
    logic = _logic(desk)
    _come(logic, _chunk(_event(1)))
    _wait(logic, desk)
    chunk = _chunk(_event(1), _event(2, "Other"), _event(3), duplicates=[_event(8), _event(9)])
    (now,) = logic.on_batch([chunk])[0]
    assert [one.id for one in now.arrivals] == ["8-firing", "9-firing", "1-firing", "3-firing"]
    assert [one.id for one in now.alerts] == ["1-firing", "3-firing"]
    assert (now.records, len(now.seen), len(now.judged)) == ([(7, 4)], 4, 2)
    (later,) = _later(logic, desk)
    assert [one.id for one in later.arrivals] == ["2-firing"]
    assert (later.records, later.transitions) == ([(7, 1)], ["firing/2-firing"])


def test_rules_decide_when_the_deadline_has_passed_and_the_answer_serves_the_next() -> None:
    desk = Desk(Scripted(may_answer=False), deadline="5s")
    logic = _logic(desk)
    _come(logic, _chunk(_event(1)))
    desk.clock.now_ms += 4_999
    assert list(logic.on_notify()[0]) == []
    desk.clock.now_ms += 1
    assert list(_rows(logic.on_notify()[0])) == [("1-firing", How.LATE, Severity.WARNING)]
    desk.model.may_answer.set()
    assert _wait(logic, desk) == []
    assert _come(logic, _chunk(_event(2))) == [("2-firing", How.CACHED, Severity.CRITICAL)]


def test_what_the_rules_call_critical_waits_less() -> None:
    desk = Desk(Scripted(may_answer=False), deadline="5s", critical_deadline="1s")
    logic = _logic(desk)
    _come(logic, _chunk(_event(1), _event(2, "NodeDown")))
    desk.clock.now_ms += 1_000
    assert list(_rows(logic.on_notify()[0])) == [("2-firing", How.LATE, Severity.CRITICAL)]
    desk.model.may_answer.set()
    assert [id_ for id_, *_ in _wait(logic, desk)] == ["1-firing"]


def test_events_of_one_alert_stay_in_their_order() -> None:
    desk = Desk(Scripted(may_answer=False))
    logic = _logic(desk)
    assert _come(logic, _chunk(_event(1)), _chunk(_event(1, status="resolved"), _event(1, "NodeDown"))) == []
    desk.model.may_answer.set()
    assert [id_ for id_, *_ in _wait(logic, desk)] == ["1-firing", "1-resolved", "1-firing"]


def test_older_event_waits_no_longer_than_a_newer_one_behind_it_may() -> None:
    desk = Desk(Scripted(may_answer=False), deadline="5s", critical_deadline="1s")
    logic = _logic(desk)
    _come(logic, _chunk(_event(1)), _chunk(_event(1, severity="critical")))
    desk.clock.now_ms += 1_000
    assert [how for _, how, _ in _rows(logic.on_notify()[0])] == [How.LATE, How.LATE]
    desk.model.may_answer.set()


def test_resolve_waits_for_no_model() -> None:
    desk = Desk(Scripted(may_answer=False))
    assert _come(_logic(desk), _chunk(_event(1, status="resolved"))) == [("1-resolved", How.RESOLVED, Severity.WARNING)]
    assert desk.model.asked == []


def test_resolve_is_weighed_as_its_firing_was_however_old_the_answer_is() -> None:
    desk = Desk(Scripted(), cache="1m")
    logic = _logic(desk)
    _come(logic, _chunk(_event(1)))
    _wait(logic, desk)
    desk.clock.now_ms += 60_000
    assert _come(logic, _chunk(_event(1, status="resolved"))) == [("1-resolved", How.RESOLVED, Severity.CRITICAL)]


def test_resolve_of_a_firing_that_the_rules_judged_goes_by_them_though_the_answer_has_come_since() -> None:
    desk = Desk(Scripted(may_answer=False))
    logic = _logic(desk)
    _come(logic, _chunk(_event(1)))
    desk.clock.now_ms += 5_000
    assert [how for _, how, _ in _rows(logic.on_notify()[0])] == [How.LATE]
    desk.model.may_answer.set()
    _wait(logic, desk)
    assert _come(logic, _chunk(_event(2)), _chunk(_event(1, status="resolved"))) == [
        ("2-firing", How.CACHED, Severity.CRITICAL),
        ("1-resolved", How.RESOLVED, Severity.WARNING),
    ]


def test_what_firings_were_weighed_by_outlives_a_crash() -> None:
    before = Desk(Scripted(), cache_max=1)
    logic = _logic(before)
    for number in (1, 2):
        _come(logic, _chunk(_event(number, f"Kind{number}")))
        _wait(logic, before)
    again = _logic(Desk(Scripted()), saved(logic.snapshot()))  # type: ignore[arg-type]
    assert _come(again, _chunk(_event(1, "Kind1", status="resolved"))) == [
        ("1-resolved", How.RESOLVED, Severity.CRITICAL)
    ]


def test_failed_call_leaves_the_rules_to_decide() -> None:
    desk = Desk(Scripted(None))
    logic = _logic(desk)
    _come(logic, _chunk(_event(1)))
    assert _wait(logic, desk) == [("1-firing", How.FAILED, Severity.WARNING)]
    assert _come(logic, _chunk(_event(2))) == [("2-firing", How.FAILED, Severity.WARNING)]


def test_nobody_waits_while_the_breaker_is_open() -> None:
    desk = Desk(Scripted(None))
    logic = _logic(desk)
    for number in range(IN_A_ROW):
        _come(logic, _chunk(_event(number, f"Kind{number}")))
        _wait(logic, desk)
    assert _come(logic, _chunk(_event(9, "Another"))) == [("9-firing", How.HELD_BACK, Severity.WARNING)]


def test_so_many_wait_and_the_others_are_judged_by_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "WAITING_MAX", 2)
    desk = Desk(Scripted(may_answer=False))
    logic = _logic(desk)
    assert _come(logic, _chunk(*map(_event, range(3)))) == [("2-firing", How.TOO_MANY, Severity.WARNING)]
    # What a newer event stands behind waits no longer when there is no room for that.
    assert [row[:2] for row in _come(logic, _chunk(_event(1, status="resolved")))] == [
        ("1-firing", How.LATE),
        ("1-resolved", How.RESOLVED),
    ]
    desk.model.may_answer.set()
    assert [id_ for id_, *_ in _wait(logic, desk)] == ["0-firing"]


def test_what_waits_is_bounded_in_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "WAITING_MAX_BYTES", 2000)
    desk = Desk(Scripted(may_answer=False))
    logic = _logic(desk)
    assert _come(logic, _chunk(_event(1, text="x" * 2000))) == []
    assert [how for _, how, _ in _come(logic, _chunk(_event(2)))] == [How.TOO_MANY]
    desk.model.may_answer.set()


def test_alert_that_flaps_leaves_in_order_when_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "WAITING_MAX", 100)
    desk = Desk(Scripted(may_answer=False))
    logic = _logic(desk)
    flaps = [_event(1, status="resolved" if number % 2 else "firing") for number in range(100)]
    assert _come(logic, _chunk(*flaps)) == []
    left = [id_ for id_, *_ in _come(logic, _chunk(_event(1)))]
    assert left == [one.id for one in flaps]
    desk.model.may_answer.set()


def test_nobody_waits_when_the_process_is_about_to_end() -> None:
    desk = Desk(Scripted(may_answer=False))
    logic = _logic(desk)
    _come(logic, _chunk(_event(1)))
    assert desk.asking.waiting == 1
    desk.is_ending = True
    assert [how for _, how, _ in _rows(logic.on_notify()[0])] == [How.LATE]
    assert desk.asking.waiting == 0
    desk.model.may_answer.set()


def test_what_waits_outlives_a_crash_and_is_asked_about_again() -> None:
    before = Desk(Scripted(may_answer=False))
    logic = _logic(before)
    _come(logic, _chunk(_event(1), _event(2)), _chunk(_event(1, status="resolved"), offset=8))
    state: Saved = saved(logic.snapshot())  # type: ignore[arg-type, assignment]
    assert state["partition"] == PARTITION
    desk = Desk(Scripted())
    again = _logic(desk, state)
    assert again.snapshot() == state
    assert [id_ for id_, *_ in _wait(again, desk)] == ["1-firing", "1-resolved", "2-firing"]
    assert len(desk.model.asked) == 1
    before.model.may_answer.set()


def test_what_waited_goes_on_by_rules_when_there_is_no_model_any_more() -> None:
    before = Desk(Scripted(may_answer=False))
    logic = _logic(before)
    _come(logic, _chunk(_event(1)))
    again = _logic(None, logic.snapshot())
    assert again.notify_at() is not None
    assert list(_rows(again.on_notify()[0])) == [("1-firing", None, Severity.WARNING)]
    assert again.notify_at() is None
    before.model.may_answer.set()


def test_answers_outlive_a_crash() -> None:
    before = Desk(Scripted())
    logic = _logic(before)
    _come(logic, _chunk(_event(1)))
    _wait(logic, before)
    desk = Desk(Scripted())
    again = _logic(desk, saved(logic.snapshot()))  # type: ignore[arg-type]
    assert _come(again, _chunk(_event(2))) == [("2-firing", How.CACHED, Severity.CRITICAL)]
    assert desk.model.asked == []


def test_what_waits_stays_on_the_account_and_holds_back_a_cold_start() -> None:
    desk = Desk(Scripted(may_answer=False))
    logic = _logic(desk)
    account.came((PARTITION, 7), 1)
    before = len(account)
    _come(logic, _chunk(_event(1)))
    assert desk.pending.oldest_ms == NOW_MS
    assert len(account) == before
    desk.model.may_answer.set()
    _wait(logic, desk)
    assert desk.pending.oldest_ms is None
    account.left((PARTITION, 7), 1)


def test_state_of_another_version_is_refused() -> None:
    state = Saved(v=99, partition=0, waiting=[], kept=None, told={"alerts": {}, "answers": {}})
    with pytest.raises(Exception, match="version 99"):
        _logic(None, state)


def test_row_says_what_the_rules_alone_say_and_that_they_are_the_floor() -> None:
    desk = Desk(Scripted(ANSWER._replace(severity=Severity.NOISE)))
    logic = _logic(desk)
    _come(logic, _chunk(_event(1)))
    (chunk,) = _later(logic, desk)
    (row,) = chunk.judged
    assert row.told.severity is row.weighed.severity is Severity.WARNING
    assert row.alone is not None
    assert (row.alone.rule, row.guards) == ("default", ("floor",))


def test_ten_thousand_equal_alerts_are_one_call() -> None:
    desk = Desk(Scripted(may_answer=False))
    logic = _logic(desk)
    for start in range(0, 10_000, 1000):
        assert _come(logic, _chunk(*map(_event, range(start, start + 1000)))) == []
    desk.model.may_answer.set()
    assert len(_wait(logic, desk)) == 10_000
    assert len(desk.model.asked) == 1


def test_ten_thousand_alerts_of_fifty_templates_are_fifty_calls() -> None:
    desk = Desk(Scripted(), new_templates_per_minute=50)
    logic = _logic(desk)
    left = []
    for start in range(0, 10_000, 1000):
        events = (_event(number, f"Kind{number % 50}") for number in range(start, start + 1000))
        left += _come(logic, _chunk(*events))
    left += _wait(logic, desk)
    assert len(left) == 10_000
    assert len(desk.model.asked) == 50
