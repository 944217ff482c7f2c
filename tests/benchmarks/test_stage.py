"""How a stage is measured."""

from __future__ import annotations

from itertools import count

import pytest

from benchmarks.stage import Limit, Stage, measure


class Ticking:
    """CPU time that goes on by what calls take."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns

    def work(self, took_us: int, items: int = 10) -> int:
        self.now_ns += took_us * 1000
        return items


def test_figure_is_what_an_item_takes() -> None:
    clock = Ticking()
    limit = Limit("bare", lambda: clock.work(10))
    figure = measure(Stage("work", "alert", 10, lambda: clock.work(50), limit, clock), 3, 1000)
    assert figure[:3] == ("work", 5.0, "us/alert")
    assert figure.cpu_us == 5.0
    assert figure.rounds == (5.0, 5.0, 5.0)


def test_limit_is_measured_in_turns_and_the_ratio_is_that_of_the_rounds() -> None:
    clock = Ticking()
    limit = Limit("bare", lambda: clock.work(20))
    figure = measure(Stage("work", "alert", 10, lambda: clock.work(50), limit, clock), 3, 1000)
    assert (figure.limit, figure.limit_value, figure.ratio) == ("bare: 2 us", 2.0, 2.5)
    assert figure.limit_rounds == (2.0, 2.0, 2.0)


def test_round_takes_as_long_as_it_should() -> None:
    clock, calls = Ticking(), count()

    def work() -> int:
        next(calls)
        return clock.work(1)

    measure(Stage("work", "alert", 10, work, Limit("bare", lambda: clock.work(1)), clock), 1, 1_000_000)
    # One to see what it handles, 1 + 2 + 4 ... + 128 to see what it takes, then a round of a millisecond.
    assert next(calls) == 1 + 255 + 1000


def test_stage_that_handles_less_than_it_says_is_refused() -> None:
    with pytest.raises(RuntimeError, match="work: 9 of 10 items"):
        measure(Stage("work", "alert", 10, lambda: 9, Limit("bare", int)))
