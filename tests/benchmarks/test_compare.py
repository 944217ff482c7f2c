"""What is said of two results."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.compare import Change, change, main, remarks
from benchmarks.figure import Figure
from benchmarks.result import Result, encode

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = (10.0, 10.4, 9.9, 10.1, 10.2, 9.8)


def figure(*rounds: float, unit: str = "us/alert", limits: tuple[float, ...] = ()) -> Figure:
    return Figure("one", sum(rounds) / len(rounds), unit, rounds=rounds, limit_rounds=limits)


def scaled(share: float) -> tuple[float, ...]:
    return tuple(share * one for one in ROUNDS)


def test_rounds_that_overlap_are_no_difference() -> None:
    assert change(figure(*ROUNDS), figure(*scaled(1.01))) == Change("no difference seen")


def test_rounds_that_are_the_same_are_the_same() -> None:
    assert change(figure(*ROUNDS), figure(*ROUNDS)) == Change("the same")


def test_less_time_is_faster() -> None:
    assert change(figure(*ROUNDS), figure(*scaled(0.5))) == Change("faster by 50.0 % (99 %)")


def test_more_time_is_slower() -> None:
    found = change(figure(*ROUNDS), figure(*scaled(1.5)))
    assert found.verdict == "slower by 50.0 % (99 %)"
    assert found.slower_by == pytest.approx(0.5)


def test_higher_rate_is_faster() -> None:
    assert change(figure(*ROUNDS, unit="alerts/s"), figure(*scaled(2), unit="alerts/s")).verdict.startswith("faster by")


def test_memory_is_better_or_worse_and_not_faster() -> None:
    worse = change(figure(*ROUNDS, unit="bytes/alert"), figure(*scaled(2), unit="bytes/alert"))
    assert worse.verdict == "worse by 100.0 % (99 %)"


def test_machine_that_became_slower_is_no_difference_beside_the_limit() -> None:
    slow = tuple(2 * one for one in (5.0, 5.1, 5.0, 5.2, 4.9, 5.1))
    before, after = figure(*ROUNDS, limits=(5.0, 5.1, 5.0, 5.2, 4.9, 5.1)), figure(*scaled(2.01), limits=slow)
    assert change(before, after) == Change("no difference seen beside its limit")


def test_limit_of_other_rounds_is_not_looked_at() -> None:
    before, after = figure(*ROUNDS, limits=(5.0,)), figure(*scaled(2), limits=(10.0,))
    assert change(before, after).verdict == "slower by 100.0 % (99 %)"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_few_rounds_tell_nothing(count: int) -> None:
    one, two = Figure("one", 1, "ms", rounds=ROUNDS[:count]), Figure("one", 9, "ms", rounds=scaled(9)[:count])
    assert change(one, two) == Change("too few rounds to tell")


def test_differences_around_zero_have_no_share() -> None:
    assert change(figure(-3, -2, -2.5, -1), figure(1, 2, 3, 4)).verdict == "slower (95 %)"


def test_what_is_in_one_file_only_and_what_differs_of_the_machines_is_told() -> None:
    one = Result({"cpu": "old", "python": "3"}, {"flow": [figure(1)], "path": [Figure("gone", 1, "ms")]})
    two = Result({"cpu": "new", "python": "3"}, {"flow": [figure(1), Figure("came", 1, "ms")]})
    told = remarks(one, two)
    assert told[:3] == ["cpu differs: old and new", "only in A: gone", "only in B: came"]


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, before: Figure, after: Figure, *options: str) -> int:
    files = [folder / "a.json", folder / "b.json"]
    for file, one in zip(files, (before, after), strict=True):
        file.write_bytes(encode(Result({"cpu": "one"}, {"flow": [one]})))
    monkeypatch.setattr(sys, "argv", ["compare", *map(str, files), *options])
    return main()


@pytest.mark.parametrize(
    ("share", "options", "status"),
    [(1.5, [], 0), (1.5, ["--fail-on-slower", "20"], 1), (1.5, ["--fail-on-slower", "60"], 0),
     (0.5, ["--fail-on-slower", "20"], 0), (1.01, ["--fail-on-slower", "0"], 0)],
)  # fmt: skip
def test_only_what_is_seen_to_be_slower_by_more_than_asked_fails(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    share: float,
    options: list[str],
    status: int,
) -> None:
    assert run(tmp_path, monkeypatch, figure(*ROUNDS), figure(*scaled(share)), *options) == status
    told = capsys.readouterr()
    assert "us/alert" in told.out
    assert ("slower by more than 20 %: one" in told.err) is (status == 1)


def test_results_without_a_figure_in_common_are_no_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Figure("other", 1, "ms")
    assert run(tmp_path, monkeypatch, figure(1), other, "--fail-on-slower", "10") == 2
    assert "no figure in common" in capsys.readouterr().err


def test_file_that_is_no_result_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["compare", str(tmp_path / "none.json"), str(tmp_path / "none.json")])
    assert main() == 2
    assert "none.json" in capsys.readouterr().err
