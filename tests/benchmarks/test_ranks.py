"""The rank test, against tables and by its properties."""

from __future__ import annotations

import pytest

from benchmarks.ranks import Ranks, compare, least_chance


@pytest.mark.parametrize(
    ("one", "two", "chance"),
    [
        # Exact two-sided values of Mann and Whitney's table.
        ([1, 2, 3], [4, 5, 6], 0.1),
        ([1, 2, 3, 4], [5, 6, 7, 8], 2 / 70),
        ([1, 2, 3, 4, 6], [5, 7, 8, 9, 10], 4 / 252),
        ([1, 2], [1, 2], 1.0),
        ([5, 5, 5], [5, 5, 5], 1.0),
    ],
)
def test_chance_is_that_of_the_table(one: list[float], two: list[float], chance: float) -> None:
    assert compare(one, two).chance == pytest.approx(chance)


def test_second_sample_lies_above_or_below() -> None:
    assert compare([1, 2, 3], [4, 5, 6]).is_above
    assert not compare([4, 5, 6], [1, 2, 3]).is_above


def test_order_within_a_sample_and_scale_do_not_matter() -> None:
    assert compare([3, 1, 2], [40, 60, 50]) == compare([10, 20, 30], [400, 500, 600]) == Ranks(0.1, True)  # noqa: FBT003


def test_equal_values_share_their_ranks() -> None:
    assert compare([1, 2, 2], [2, 2, 3]).chance > compare([1, 2, 2], [3, 3, 4]).chance


def test_least_chance_is_that_of_samples_which_do_not_overlap() -> None:
    assert least_chance(4, 4) == compare([1, 2, 3, 4], [5, 6, 7, 8]).chance
    assert least_chance(0, 0) == least_chance(1, 1) == least_chance(0, 9) == 1.0


def test_dozens_of_values_are_compared_at_once() -> None:
    assert compare(range(30), range(15, 45)).chance < 0.001
