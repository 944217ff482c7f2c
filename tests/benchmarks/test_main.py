"""A run over several parts."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

from alerts.errors import KafkaAwayError
from benchmarks.__main__ import measured
from benchmarks.figure import Figure
from benchmarks.settings import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Made(NamedTuple):
    """A part that finds this, and then perhaps breaks."""

    found: list[Figure]
    error: Exception | None = None

    def figures(self, _: Bench) -> Iterator[Figure]:
        yield from self.found
        if self.error is not None:
            raise self.error


ONE, TWO = Figure("one", 1, "ms"), Figure("two", 2, "ms")


def bench(folder: Path) -> Bench:
    return Bench("127.0.0.1:9", folder)


def test_figures_of_all_parts_are_kept_in_their_order(tmp_path: Path) -> None:
    result, failures = measured({"flow": Made([TWO]), "path": Made([ONE])}, bench(tmp_path))
    assert result.parts == {"flow": [TWO], "path": [ONE]}
    assert failures == {}


@pytest.mark.parametrize(
    "error",
    [TimeoutError("late"), RuntimeError("lost"), subprocess.CalledProcessError(1, "replay"), KafkaAwayError("away")],
)
def test_part_that_breaks_takes_no_other_along(tmp_path: Path, error: Exception) -> None:
    result, failures = measured({"flow": Made([ONE], error), "path": Made([TWO])}, bench(tmp_path))
    assert result.parts == {"flow": [ONE], "path": [TWO]}
    assert list(failures) == ["flow"]
    assert str(error) in failures["flow"]


def test_name_that_two_figures_have_is_a_failure(tmp_path: Path) -> None:
    result, failures = measured({"flow": Made([ONE]), "path": Made([ONE])}, bench(tmp_path))
    assert list(result.figures()) == [ONE]
    assert "two figures are called one" in failures["path"]
