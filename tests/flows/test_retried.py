"""Each dead letter goes on once, and none after something newer of its alert."""

from __future__ import annotations

from alerts.retry import Retry
from flows.retried import DUPLICATE, REMEMBERED_MAX, RETRIED, SUPERSEDED, Retried
from tests.support.events import NOW_MS, delivery


def letter(offset: int, newest_ms: int | None = None) -> Retry:
    return Retry(f"winnow.dead-letters/0/{offset}", newest_ms, delivery(1))


def test_letter_goes_on_once() -> None:
    retried = Retried()
    assert [retried(letter(7), None).outcome for _ in range(3)] == [RETRIED, DUPLICATE, DUPLICATE]


def test_same_delivery_given_up_again_is_another_letter() -> None:
    retried = Retried()
    assert [retried(letter(offset), None).outcome for offset in (7, 8)] == [RETRIED, RETRIED]


def test_letter_is_known_after_a_snapshot() -> None:
    retried = Retried()
    retried(letter(7), None)
    assert Retried(retried.plain())(letter(7), None).outcome == DUPLICATE


def test_letter_is_dropped_when_its_alert_told_something_after_it_was_looked_at() -> None:
    verdict = Retried()(letter(7, NOW_MS), NOW_MS + 1)
    assert (verdict.outcome, verdict.saw) == (SUPERSEDED, {"passed_ms": NOW_MS + 1})


def test_letter_goes_on_when_what_was_looked_at_is_the_newest() -> None:
    assert Retried()(letter(7, NOW_MS), NOW_MS).outcome == RETRIED


def test_letter_that_is_sent_whatever_came_is_not_held_against_what_came() -> None:
    assert Retried()(letter(7, None), NOW_MS).outcome == RETRIED


def test_dropped_letter_can_be_sent_when_someone_insists() -> None:
    retried = Retried()
    retried(letter(7, NOW_MS), NOW_MS + 1)
    assert retried(letter(7, None), NOW_MS + 1).outcome == RETRIED


def test_the_newest_are_remembered_and_no_more() -> None:
    retried = Retried()
    for offset in range(REMEMBERED_MAX + 1):
        retried(letter(offset), None)
    assert len(retried.plain()) == REMEMBERED_MAX
    assert retried(letter(1), None).outcome == DUPLICATE
    assert retried(letter(0), None).outcome == RETRIED
