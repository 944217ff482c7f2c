"""By what the resolves of alerts that fire are weighed, and for how many."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

from alerts.advice import Advice, How
from flows import told
from flows.told import NOTHING, Told
from tests.support.advice import ANSWER

if TYPE_CHECKING:
    import pytest

ADVICE = Advice("a" * 16, How.CACHED, ANSWER)
OTHER = Advice("b" * 16, How.ANSWERED, ANSWER._replace(category="network"))


def _advice(number: int) -> Advice:
    return Advice(f"{number:016x}", How.CACHED, ANSWER._replace(at_ms=number))


LATE = Advice("a" * 16, How.LATE, None)


def test_resolve_is_weighed_once_by_what_its_firing_was_weighed_by() -> None:
    remembered = Told()
    remembered.fired("1", ADVICE)
    assert remembered.resolved("1") == ADVICE._replace(how=How.RESOLVED)
    assert remembered.resolved("1") is NOTHING


def test_newest_firing_holds() -> None:
    remembered = Told()
    remembered.fired("1", ADVICE)
    remembered.fired("1", OTHER)
    assert remembered.resolved("1").answer == OTHER.answer


def test_firing_without_an_answer_leaves_nothing_of_the_one_before() -> None:
    remembered = Told()
    remembered.fired("1", ADVICE)
    remembered.fired("1", LATE)
    assert remembered.resolved("1") is NOTHING


def test_it_comes_back_as_it_was_and_holds_each_answer_once() -> None:
    before = Told()
    for fingerprint in ("1", "2", "3"):
        before.fired(fingerprint, ADVICE)
    before.fired("4", OTHER)
    saved = pickle.loads(pickle.dumps(before.save()))
    assert len(saved["answers"]) == 2
    after = Told(saved)
    assert after.resolved("2").answer == ADVICE.answer
    assert after.resolved("4").answer == OTHER.answer


def test_answers_are_bounded_and_those_that_no_alert_needs_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "ANSWERS_MAX", 3)
    remembered = Told()
    for number in range(20):
        remembered.fired("1" if number else "kept", _advice(number) if number else ADVICE)
    assert len(remembered.save()["answers"]) <= 3
    assert remembered.resolved("kept").answer == ADVICE.answer


def test_of_too_many_answers_that_are_needed_the_older_are_forgotten_with_their_alerts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(told, "ANSWERS_MAX", 4)
    remembered = Told()
    for number in range(20):
        remembered.fired(f"{number}", _advice(number))
    saved = remembered.save()
    assert len(saved["answers"]) <= 4
    assert set(saved["alerts"].values()) <= set(saved["answers"])
    assert remembered.resolved("0") is NOTHING
    assert remembered.resolved("19").answer == _advice(19).answer


def test_it_is_bounded_and_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "TOLD_MAX", 2)
    remembered = Told()
    for fingerprint in ("1", "2", "3"):
        remembered.fired(fingerprint, ADVICE)
    assert remembered.resolved("1") is NOTHING
    assert remembered.resolved("3").answer == ADVICE.answer
