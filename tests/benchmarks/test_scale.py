"""What two cores would do, by CPU that is easy to reckon with."""

from __future__ import annotations

import pytest

from benchmarks.flow import Rate
from benchmarks.scale import Turn, beside

# Seen on two cores that others use, two do no more than one.
TURN = Turn(one=Rate(50_000, cpu_us=9), shared=Rate(45_000, cpu_us=10), own=Rate(50_000, cpu_us=14))


def test_two_cores_do_twice_what_one_does_at_the_cost_of_both() -> None:
    figure = beside("flow processes", "alerts/s", [TURN])
    assert figure.value == pytest.approx(200_000)
    assert figure.limit_value == pytest.approx(1e6 / 9)
    assert figure.ratio == pytest.approx(1.8)


def test_ratio_is_the_median_of_the_turns() -> None:
    slow = TURN._replace(one=Rate(50_000, cpu_us=18), shared=Rate(45_000, cpu_us=20))
    dear = TURN._replace(shared=Rate(45_000, cpu_us=18))
    assert beside("flow processes", "alerts/s", [TURN, slow, dear]).ratio == pytest.approx(1.8)


def test_two_that_cost_as_much_as_one_would_be_twice_as_fast() -> None:
    assert beside("flow processes", "alerts/s", [TURN._replace(shared=TURN.one)]).ratio == pytest.approx(2)


def test_what_was_seen_is_told_beside() -> None:
    assert "50,000/s, one 50,000/s" in beside("flow processes", "alerts/s", [TURN]).note
