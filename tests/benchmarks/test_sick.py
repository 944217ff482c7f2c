"""Ways with and without sick targets, of numbers that are easy to reckon with."""

from __future__ import annotations

from benchmarks.path import p99
from benchmarks.sick import beside

# Without and with them: one turn in which the machine was busy.
TURNS = [[[1.0, 10.0], [2.0, 11.0]], [[1.0, 500.0], [2.0, 12.0]], [[3.0, 9.0], [4.0, 700.0]]]


def test_ratio_is_that_of_the_medians_of_the_turns() -> None:
    figure = beside("p99", p99, TURNS)
    assert (figure.value, figure.limit_value) == (12, 10)
    assert figure.ratio == 1.2


def test_turns_stay_side_by_side() -> None:
    figure = beside("least", min, TURNS)
    assert figure.rounds == (2, 2, 4)
    assert figure.limit_rounds == (1, 1, 3)
