"""Results as Markdown."""

from __future__ import annotations

from benchmarks.figure import Figure
from benchmarks.page import page
from benchmarks.result import Result

MISSED = Figure("one | two", 1234.5, "us", "bare: 10 us", 3.0, "ratio <= 2", cpu_us=7, rounds=(1.0, 2.0, 3.0))


def lines(**parts: list[Figure]) -> list[str]:
    return list(page(Result({"cpu": "fast"}, parts)))


def test_part_has_its_command_machine_and_figures() -> None:
    assert lines(flow=[MISSED]) == [
        "## flow",
        "",
        "`make bench ONLY=flow`, cpu fast",
        "",
        "| what | figure | CPU µs | beside | ratio | aim | spread |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| one / two | 1,234 us | 7 | bare: 10 us | 3.00 | ratio <= 2 **(missed)** | 50 % of 3 |",
        "",
    ]


def test_load_has_its_own_command() -> None:
    assert "`make load SCENARIO=storm`, cpu fast" in lines(**{"load-storm": [Figure("late", 1, "ms")]})


def test_load_that_was_scaled_says_so_in_its_command() -> None:
    result = Result({"cpu": "fast", "SCALE": "0.5", "RATE_SCALE": "0.2"}, {"load-soak": [Figure("late", 1, "ms")]})
    assert any(line.startswith("`make load SCENARIO=soak SCALE=0.5 RATE_SCALE=0.2`, ") for line in page(result))


def test_no_unit_reads_like_a_file_of_the_project() -> None:
    assert "| at 100 alerts a second | 5 alerts a second |  |  |  |  |  |" in lines(
        flow=[Figure("at 100 alerts/s", 5, "alerts/s")]
    )


def test_part_that_could_not_be_measured_is_left_out() -> None:
    assert lines(flow=[]) == []
