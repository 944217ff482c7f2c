"""What is asked, what is not and why, and what outlives a restart."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from alerts.advice import Answer, How, Template
from alerts.config_llm import Llm
from alerts.decision import Severity
from connectors.breaker import IN_A_ROW, OPEN_MS
from flows.governor import Governor
from tests.support.events import NOW_MS

if TYPE_CHECKING:
    from collections.abc import Iterable

HOUR_MS = 3_600_000
ANSWER = Answer(
    Severity.CRITICAL, "database", 0.9, "It is down.", ("Look",), "small", "1-0", 100, 40, NOW_MS, ("text",)
)


def _settings(**changes: object) -> Llm:
    return Llm.model_validate({"base_url": "http://127.0.0.1:1/v1", "model": "small", **changes})


def _template(number: int) -> Template:
    return Template(f"{number:016x}", (), ())


def _asked(governor: Governor, now_ms: int = NOW_MS) -> list[str]:
    return [template.id for template, _ in governor.take(now_ms)]


def _call(governor: Governor, now_ms: int, *, fails: bool = False, tokens: int = 10, pause_ms: int = 0) -> None:
    governor.tried("0", now_ms, has_failed=fails, tokens=tokens, retry_after_ms=pause_ms)


def _answer(governor: Governor, number: int, *, owner: str = "0", now_ms: int = NOW_MS, tokens: int = 10) -> None:
    """Ask about a template and be answered at once."""
    assert governor.ask(_template(number), owner, now_ms) is None
    assert _asked(governor, now_ms) == [_template(number).id]
    governor.tried(owner, now_ms, has_failed=False, tokens=tokens, retry_after_ms=0)
    governor.ended(_template(number).id, ANSWER._replace(at_ms=now_ms), now_ms)


def _open(governor: Governor, now_ms: int = NOW_MS) -> None:
    for number in range(IN_A_ROW):
        governor.ask(_template(1000 + number), "0", now_ms)
        for template, _ in governor.take(now_ms):
            _call(governor, now_ms, fails=True)
            governor.ended(template.id, None, now_ms)
    assert governor.is_held_back


def _whys(governor: Governor, numbers: Iterable[int], now_ms: int = NOW_MS) -> list[How | None]:
    return [governor.ask(_template(number), "0", now_ms) for number in numbers]


def test_one_template_is_asked_about_once_however_many_ask() -> None:
    governor = Governor(_settings())
    assert _whys(governor, [1] * 10) == [None] * 10
    assert _asked(governor) == [_template(1).id]
    assert _asked(governor) == []


def test_answer_serves_until_it_is_too_old() -> None:
    governor = Governor(_settings(cache="1h"))
    _answer(governor, 1)
    said = governor.advice(_template(1).id, NOW_MS + HOUR_MS - 1)
    assert said is not None
    assert said.answer == ANSWER
    assert said.how is How.CACHED
    assert governor.advice(_template(1).id, NOW_MS + HOUR_MS) is None


def test_only_so_many_calls_are_under_way_and_the_others_wait_their_turn() -> None:
    governor = Governor(_settings(max_concurrent=2))
    assert _whys(governor, range(3)) == [None] * 3
    assert _asked(governor) == [_template(0).id, _template(1).id]
    _call(governor, NOW_MS)
    governor.ended(_template(0).id, ANSWER, NOW_MS)
    assert _asked(governor) == [_template(2).id]


def test_template_whose_call_failed_is_left_alone_for_a_while() -> None:
    governor = Governor(_settings(cache_failures="1m"))
    governor.ask(_template(1), "0", NOW_MS)
    assert _asked(governor)
    _call(governor, NOW_MS, fails=True)
    governor.ended(_template(1).id, None, NOW_MS)
    assert governor.ask(_template(1), "0", NOW_MS + 59_999) is How.FAILED
    assert governor.ask(_template(1), "0", NOW_MS + 60_000) is None


def test_calls_of_a_minute_are_bounded_and_come_back() -> None:
    governor = Governor(_settings(calls_per_minute=2))
    assert _whys(governor, range(3)) == [None, None, How.OVER_BUDGET]
    assert governor.ask(_template(9), "0", NOW_MS + 60_000) is None


def test_calls_made_again_count_in_the_minute() -> None:
    governor = Governor(_settings(calls_per_minute=2))
    _answer(governor, 1)
    governor.called_again(NOW_MS)
    assert governor.ask(_template(2), "0", NOW_MS) is How.OVER_BUDGET


def test_calls_of_a_day_are_bounded_until_midnight_utc() -> None:
    governor = Governor(_settings(calls_per_day=2))
    _answer(governor, 1)
    assert governor.ask(_template(2), "0", NOW_MS) is None
    # One was made, one is about to be.
    assert governor.ask(_template(3), "0", NOW_MS) is How.OVER_BUDGET
    midnight_ms = NOW_MS - NOW_MS % 86_400_000 + 86_400_000
    assert governor.ask(_template(3), "0", midnight_ms - 1) is How.OVER_BUDGET
    assert governor.ask(_template(3), "0", midnight_ms) is None


def test_tokens_of_a_day_are_bounded() -> None:
    governor = Governor(_settings(tokens_per_day=100))
    _answer(governor, 1, tokens=99)
    _answer(governor, 2, tokens=1)
    assert governor.spent(NOW_MS) == (2, 100)
    assert governor.ask(_template(3), "0", NOW_MS) is How.OVER_BUDGET


def test_storm_of_new_templates_is_left_to_the_rules_but_not_what_is_known() -> None:
    governor = Governor(_settings(new_templates_per_minute=2))
    _answer(governor, 1, now_ms=NOW_MS - 2 * HOUR_MS)
    assert _whys(governor, [2, 3, 4]) == [None, None, How.STORM]
    assert governor.ask(_template(1), "0", NOW_MS) is None


def test_nobody_waits_once_the_breaker_is_open_and_one_probe_closes_it() -> None:
    governor = Governor(_settings())
    _open(governor)
    assert governor.ask(_template(1), "0", NOW_MS + 1) is How.HELD_BACK
    assert _asked(governor, NOW_MS + 1) == []
    later_ms = NOW_MS + OPEN_MS
    # The alert that brings the probe does not wait for it, nor do others of its template.
    assert [governor.ask(_template(number), "0", later_ms) for number in (1, 1, 2)] == [How.HELD_BACK] * 3
    assert _asked(governor, later_ms) == [_template(1).id]
    assert not governor.is_awaited(_template(1).id)
    _call(governor, later_ms)
    governor.ended(_template(1).id, ANSWER, later_ms)
    assert governor.ask(_template(2), "0", later_ms) is None


def test_what_waits_its_turn_is_dropped_when_the_breaker_opens() -> None:
    governor = Governor(_settings(max_concurrent=1))
    _whys(governor, [1, 2])
    assert _asked(governor) == [_template(1).id]
    for _ in range(IN_A_ROW):
        _call(governor, NOW_MS, fails=True)
    governor.ended(_template(1).id, None, NOW_MS)
    assert _asked(governor) == []
    assert not governor.is_busy("0")


def test_model_that_asks_for_a_pause_gets_it() -> None:
    governor = Governor(_settings())
    governor.ask(_template(1), "0", NOW_MS)
    assert _asked(governor)
    _call(governor, NOW_MS, fails=True, pause_ms=7_000)
    governor.ended(_template(1).id, None, NOW_MS)
    assert governor.ask(_template(2), "0", NOW_MS + 6_999) is How.HELD_BACK
    assert governor.ask(_template(2), "0", NOW_MS + 7_000) is None


def test_cache_is_bounded_and_the_oldest_answer_makes_room() -> None:
    governor = Governor(_settings(cache_max=2, new_templates_per_minute=100, calls_per_minute=100))
    for number in (1, 2, 1, 3):
        _answer(governor, number, now_ms=NOW_MS + number * HOUR_MS)
    assert len(governor) == 2
    assert governor.advice(_template(2).id, NOW_MS + 2 * HOUR_MS) is None
    assert len(governor.keep("0")["answers"]) == 2


def test_failures_that_are_remembered_are_bounded() -> None:
    governor = Governor(_settings(cache_max=1))
    for number in (1, 2):
        governor.ask(_template(number), "0", NOW_MS)
        list(governor.take(NOW_MS))
        _call(governor, NOW_MS)
        governor.ended(_template(number).id, None, NOW_MS)
    assert _whys(governor, [2, 1]) == [How.FAILED, None]


def test_answers_and_the_days_budget_outlive_a_restart() -> None:
    before = Governor(_settings(tokens_per_day=25))
    _answer(before, 1, owner="3")
    _answer(before, 2, owner="5", tokens=15)
    kept = {owner: pickle.loads(pickle.dumps(before.keep(owner))) for owner in ("3", "5", "7")}
    after = Governor(_settings(tokens_per_day=25))
    for owner, one in kept.items():
        after.restore(owner, one, NOW_MS)
    assert after.advice(_template(1).id, NOW_MS) == before.advice(_template(1).id, NOW_MS)
    assert after.advice(_template(2).id, NOW_MS) == before.advice(_template(2).id, NOW_MS)
    assert after.ask(_template(3), "3", NOW_MS) is How.OVER_BUDGET
    assert [len(after.keep(owner)["answers"]) for owner in ("3", "5", "7")] == [1, 1, 0]


def test_answer_that_another_partition_had_asked_for_anew_is_kept_once() -> None:
    governor = Governor(_settings())
    _answer(governor, 1, owner="3", now_ms=NOW_MS)
    _answer(governor, 1, owner="5", now_ms=NOW_MS + HOUR_MS)
    assert [len(governor.keep(owner)["answers"]) for owner in ("3", "5")] == [0, 1]


@pytest.mark.parametrize("at_ms", [NOW_MS - HOUR_MS, NOW_MS, NOW_MS + HOUR_MS])
def test_age_of_an_answer_is_told_by_one_clock_whatever_another_stamped(at_ms: int) -> None:
    governor = Governor(_settings())
    governor.ask(_template(1), "0", NOW_MS)
    list(governor.take(NOW_MS))
    governor.ended(_template(1).id, ANSWER._replace(at_ms=at_ms), NOW_MS)
    assert governor.advice(_template(1).id, NOW_MS) is not None
    assert governor.advice(_template(1).id, NOW_MS + HOUR_MS) is None


def test_answer_stamped_by_a_clock_that_was_ahead_is_no_younger_than_the_restart() -> None:
    before, after = Governor(_settings()), Governor(_settings())
    _answer(before, 1, now_ms=NOW_MS + HOUR_MS)
    after.restore("0", before.keep("0"), NOW_MS)
    assert after.advice(_template(1).id, NOW_MS) is not None
    assert after.advice(_template(1).id, NOW_MS + HOUR_MS) is None


def test_snapshot_of_an_idle_partition_brings_back_no_older_answer() -> None:
    governor = Governor(_settings())
    _answer(governor, 1, owner="3")
    old = governor.keep("3")
    _answer(governor, 1, owner="5", now_ms=NOW_MS + HOUR_MS)
    new = governor.keep("5")
    for kept in ((old, new), (new, old)):
        again = Governor(_settings())
        for owner, one in zip(("3", "5"), kept, strict=True):
            again.restore(owner, one, NOW_MS + HOUR_MS)
        assert again.advice(_template(1).id, NOW_MS + HOUR_MS + 1) is not None


def test_questions_that_wait_their_turn_are_dropped_when_the_days_tokens_are_used_up() -> None:
    governor = Governor(_settings(max_concurrent=1, tokens_per_day=100))
    _whys(governor, [1, 2, 3])
    assert _asked(governor) == [_template(1).id]
    _call(governor, NOW_MS, tokens=100)
    governor.ended(_template(1).id, ANSWER, NOW_MS)
    assert _asked(governor) == []
    assert governor.objection(_template(2).id, NOW_MS) is How.OVER_BUDGET


def test_probe_of_which_no_call_was_reported_does_not_hold_the_breaker_open_for_ever() -> None:
    governor = Governor(_settings())
    _open(governor)
    governor.ask(_template(1), "0", NOW_MS + OPEN_MS)
    assert _asked(governor, NOW_MS + OPEN_MS)
    governor.ended(_template(1).id, None, NOW_MS + OPEN_MS)
    governor.ask(_template(2), "0", NOW_MS + 2 * OPEN_MS)
    assert _asked(governor, NOW_MS + 2 * OPEN_MS) == [_template(2).id]
