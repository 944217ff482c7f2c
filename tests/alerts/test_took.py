"""Lengths of time as people read them."""

from __future__ import annotations

import pytest

from alerts.took import stretch, took


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"), (9_999, "9,999 ms"), (10_000, "10s"), (108_261, "1m48s"),
        (-9_999, "-9,999 ms"), (-1_963_936, "-32m43s"), (90_061_000, "1d1h1m1s"),
    ],
)  # fmt: skip
def test_long_time_is_told_in_seconds_and_more(ms: int, text: str) -> None:
    assert took(ms) == text


def test_stretch_names_each_end_in_its_own_unit_once_one_of_them_is_long() -> None:
    assert stretch(5, 1_200) == "5 to 1,200 ms"
    assert stretch(-1_963_936, 0) == "-32m43s to 0 ms"
    assert stretch(1_200, 108_261) == "1,200 ms to 1m48s"
