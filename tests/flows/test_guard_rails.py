"""An answer adds and raises; what the rules say is the floor, and remains known."""

from __future__ import annotations

import pytest

from alerts.advice import Advice, Answer, How
from alerts.decision import Classification, Judge, Severity
from flows.guard_rails import FLOOR, weigh
from flows.steps.classify import Judged
from tests.support.events import FOUND

CRITICAL, WARNING, INFO, NOISE, UNKNOWN = (
    Severity.CRITICAL,
    Severity.WARNING,
    Severity.INFO,
    Severity.NOISE,
    Severity.UNKNOWN,
)


def _answer(severity: Severity = WARNING, **changes: object) -> Answer:
    made = Answer(severity, "database", 0.6, "because", ("look",), "small", "1-0123456789ab", 10, 20, 30)
    return made._replace(**changes)  # type: ignore[arg-type]


def _advice(answer: Answer | None, how: How = How.ANSWERED) -> Advice:
    return Advice("0123456789abcdef", how, answer)


def _by_rules(severity: Severity = WARNING, **changes: object) -> Classification:
    return FOUND._replace(severity=severity, **changes)  # type: ignore[arg-type]


def _firing(severity: Severity) -> Judged:
    found = _by_rules(severity)
    return Judged(found, found)


def _weighed(by_rules: Severity, said: Severity) -> Judged:
    return weigh(_firing(by_rules), _advice(_answer(said)))


@pytest.mark.parametrize(
    ("by_rules", "said", "taken_for"),
    [
        (NOISE, CRITICAL, CRITICAL),
        (INFO, WARNING, WARNING),
        (WARNING, CRITICAL, CRITICAL),
        (UNKNOWN, CRITICAL, CRITICAL),
        (WARNING, WARNING, WARNING),
        (WARNING, INFO, WARNING),
        (CRITICAL, WARNING, CRITICAL),
        (INFO, NOISE, INFO),
        (UNKNOWN, INFO, UNKNOWN),
        (UNKNOWN, NOISE, UNKNOWN),
        (UNKNOWN, WARNING, UNKNOWN),
        (NOISE, UNKNOWN, UNKNOWN),
    ],
)
def test_severity_is_the_worse_of_both(by_rules: Severity, said: Severity, taken_for: Severity) -> None:
    judged = _weighed(by_rules, said)
    assert (judged.told.severity, judged.weighed.severity) == (taken_for, taken_for)


@pytest.mark.parametrize("said", Severity)
def test_what_rules_call_critical_stays_critical(said: Severity) -> None:
    assert _weighed(CRITICAL, said).told.severity is CRITICAL


@pytest.mark.parametrize(("by_rules", "said"), [(WARNING, INFO), (CRITICAL, NOISE), (UNKNOWN, INFO)])
def test_answer_below_the_rules_is_told_as_such(by_rules: Severity, said: Severity) -> None:
    assert _weighed(by_rules, said).guards == (FLOOR,)


@pytest.mark.parametrize(
    ("by_rules", "said"), [(WARNING, WARNING), (NOISE, NOISE), (INFO, CRITICAL), (UNKNOWN, WARNING)]
)
def test_answer_at_or_above_the_rules_is_not_guarded(by_rules: Severity, said: Severity) -> None:
    assert _weighed(by_rules, said).guards == ()


def test_guards_of_the_answer_follow_the_floor() -> None:
    judged = weigh(_firing(WARNING), _advice(_answer(NOISE, guards=("confidence", "links"))))
    assert judged.guards == (FLOOR, "confidence", "links")


def test_answer_gives_category_confidence_text_and_model() -> None:
    found = _by_rules(WARNING, category="unknown")
    judged = weigh(Judged(found, found), _advice(_answer(CRITICAL)))
    assert judged.told == Classification(CRITICAL, "database", 0.6, Judge.LLM, "small", ("look",), "because")


def test_category_of_the_rules_stays() -> None:
    assert _weighed(WARNING, CRITICAL).told.category == _by_rules().category


def test_of_an_answer_below_the_rules_nobody_is_told() -> None:
    judged = _weighed(CRITICAL, NOISE)
    assert judged.told is judged.weighed
    assert judged.told == _by_rules(CRITICAL)


def test_what_the_rules_recommend_stays_in_front() -> None:
    found = _by_rules(recommendations=("call them", "look"))
    judged = weigh(Judged(found, found), _advice(_answer(recommendations=("look", "wait"))))
    assert judged.told.recommendations == ("call them", "look", "wait")


def test_actions_of_the_rules_stay_where_the_answer_has_none() -> None:
    found = _by_rules(recommendations=("call them",))
    judged = weigh(Judged(found, found), _advice(_answer(recommendations=())))
    assert judged.told.recommendations == ("call them",)


@pytest.mark.parametrize(
    ("how", "source"), [(How.ANSWERED, Judge.LLM), (How.CACHED, Judge.CACHE), (How.RESOLVED, Judge.CACHE)]
)
def test_source_says_whether_the_answer_was_there(how: How, source: Judge) -> None:
    judged = weigh(_firing(WARNING), _advice(_answer(), how))
    assert (judged.told.source, judged.weighed.source) == (source, source)


@pytest.mark.parametrize("how", How)
def test_without_an_answer_the_rules_decide_alone_and_it_says_why(how: How) -> None:
    advice = _advice(None, how)
    assert weigh(_firing(WARNING), advice) == _firing(WARNING)._replace(advice=advice)


def test_what_the_rules_alone_weigh_it_is_kept() -> None:
    assert _weighed(WARNING, CRITICAL).alone == _by_rules(WARNING)


def test_firing_alert_is_still_weighed_as_it_is_told() -> None:
    judged = _weighed(WARNING, CRITICAL)
    assert judged.weighed is judged.told


def test_resolve_is_weighed_by_its_firing_and_told_by_itself() -> None:
    told, weighed = _by_rules(INFO, category="calm"), _by_rules(WARNING)
    judged = weigh(Judged(told, weighed), _advice(_answer(CRITICAL), How.CACHED))
    assert (judged.told.category, judged.weighed.category, judged.alone) == ("calm", weighed.category, weighed)


def test_floor_of_a_resolve_is_that_of_its_firing() -> None:
    judged = weigh(Judged(_by_rules(INFO), _by_rules(CRITICAL)), _advice(_answer(WARNING), How.CACHED))
    assert judged.guards == (FLOOR,)
