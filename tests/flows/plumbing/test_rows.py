"""A step that raises is a bug, and a bug takes no alert away."""

from __future__ import annotations

from flows import metrics
from flows.plumbing.rows import run


def _halved(number: int, by: int) -> str:
    return str(number // by)


def _instead(number: int, by: int, error: Exception) -> str:
    return f"{number}/{by}: {type(error).__name__}"


def _errors(step: str) -> float:
    return float(metrics.step_errors.labels(step=step)._value.get())


def test_every_row_gets_what_the_step_says_in_order() -> None:
    assert run("halve", _halved, _instead, [2, 4, 6], [1, 2, 3]) == ["2", "2", "2"]


def test_no_rows_give_nothing() -> None:
    assert run("halve", _halved, _instead, [], []) == []


def test_row_that_raises_takes_only_itself() -> None:
    assert run("halve", _halved, _instead, [2, 4, 6], [1, 0, 3]) == ["2", "4/0: ZeroDivisionError", "2"]


def test_all_rows_may_raise_and_all_go_on() -> None:
    assert len(run("halve", _halved, _instead, range(100), [0] * 100)) == 100


def test_each_row_that_raised_is_counted_once() -> None:
    before = _errors("filter")
    run("filter", _halved, _instead, [1, 2, 3], [0, 1, 0])
    assert _errors("filter") == before + 2


def test_step_that_raises_no_error_counts_none() -> None:
    before = _errors("route")
    run("route", _halved, _instead, [1], [1])
    assert _errors("route") == before
