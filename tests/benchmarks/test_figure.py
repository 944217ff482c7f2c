"""One figure: its spread, and whether it is as wanted."""

from __future__ import annotations

import pytest
from rich.console import Console

from benchmarks.figure import Bound, Figure, bounds, is_better_above, middle, shown, table


def test_aim_names_bounds_of_the_value_and_of_the_ratio() -> None:
    assert list(bounds(">= 100,000, ratio >= 0.8")) == [Bound("value", ">=", 100_000), Bound("ratio", ">=", 0.8)]


@pytest.mark.parametrize("aim", ["<= 150 ms", "<= 15 %", "< 10", "> 3 us", "ratio <= 2"])
def test_aim_with_a_unit_is_one_bound(aim: str) -> None:
    assert len(list(bounds(aim))) == 1


@pytest.mark.parametrize(
    ("value", "ratio", "aim"),
    [(150.1, None, "<= 150 ms"), (10.0, None, "< 10"), (200_000.0, 0.7, ">= 100,000, ratio >= 0.8")],
)
def test_aim_is_missed_if_one_bound_does_not_hold(value: float, ratio: float | None, aim: str) -> None:
    assert Figure("one", value, "ms", ratio=ratio, aim=aim).is_missed


@pytest.mark.parametrize(
    ("value", "ratio", "aim"),
    [(150.0, None, "<= 150 ms"), (200_000.0, 0.8, ">= 100,000, ratio >= 0.8"), (5, None, "ratio <= 3"), (5, None, "")],
)
def test_aim_is_reached_at_its_bound_and_where_nothing_is_asked(value: float, ratio: float | None, aim: str) -> None:
    assert not Figure("one", value, "ms", ratio=ratio, aim=aim).is_missed


def test_spread_is_that_of_the_middle_half_over_the_median() -> None:
    assert Figure("one", 3, "us", rounds=(1, 2, 3, 4, 100)).spread == pytest.approx(2 / 3)


def test_one_round_has_no_spread() -> None:
    assert Figure("one", 3, "us", rounds=(3,)).spread is None
    assert Figure("one", 3, "us").spread is None


def test_middle_is_the_median_with_the_rounds_in_their_order() -> None:
    assert middle(iter([3.0, 1.0, 2.0])) == (2.0, (3.0, 1.0, 2.0))


def test_more_is_better_of_rates_only() -> None:
    assert is_better_above("alerts/s")
    assert not any(map(is_better_above, ["us/alert", "ms", "s"]))


@pytest.mark.parametrize(("value", "text"), [(0.0123, "0.0123"), (12.345, "12.3"), (1234.5, "1,234")])
def test_number_is_shown_with_three_digits_at_least(value: float, text: str) -> None:
    assert shown(value) == text


def test_table_tells_cpu_spread_and_what_is_missed() -> None:
    figure = Figure("path", 20, "ms", "bare 4 ms", 5, "ratio <= 3", cpu_us=7.5, rounds=(19, 20, 21))
    console = Console(width=200, record=True, file=None, quiet=True)
    with console.capture() as captured:
        console.quiet = False
        console.print(table([figure]))
    for part in ("path", "bare 4 ms", "5.00", "ratio <= 3 (missed)", "7.5", "5.0 % of 3"):
        assert part in captured.get()
