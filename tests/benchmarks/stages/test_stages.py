"""Every stage benchmark, once and in short: it handles what it says, under a name of its own."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from alerts.formats import formats
from benchmarks.settings import Bench
from benchmarks.stage import measure
from benchmarks.stages import kinds
from connectors import targets

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.figure import Figure

STEPS = {"validate", "split", "fingerprint", "record", "kafka", "convert", "dedup", "classify", "rules", "matchers",
         "decisions", "render", "lane", "snapshot", "replay"}  # fmt: skip


WITHOUT_KAFKA = sorted(STEPS - {"kafka"})


def _measured(name: str, bench: Bench) -> list[Figure]:
    found = [measure(stage, rounds=2, round_ns=1) for stage in kinds()[name].stages(bench)]
    assert found
    for figure in found:
        assert figure.value > 0
        assert len(figure.rounds) == 2
        assert figure.unit.startswith("us/")
        assert len(figure.limit_rounds) == 2
        assert figure.limit
    return found


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Figure]]:
    """Of all that needs no Kafka, which is all that is asked of nobody."""
    bench = Bench("127.0.0.1:9", tmp_path_factory.mktemp("bench"))
    return {name: _measured(name, bench) for name in WITHOUT_KAFKA}


def test_every_part_of_the_path_has_a_file() -> None:
    assert kinds().keys() == STEPS


def test_names_are_unique_and_there_are_thirty_at_least(figures: dict[str, list[Figure]]) -> None:
    names = Counter(figure.what for found in figures.values() for figure in found)
    assert not [name for name, count in names.items() if count > 1]
    assert len(names) >= 30


def test_each_format_and_each_kind_of_target_is_measured(figures: dict[str, list[Figure]]) -> None:
    validated = [figure.what for figure in figures["validate"]]
    assert all(any(what.startswith(f"validate {name}") for what in validated) for name in formats())
    assert {figure.what for figure in figures["render"]} == {f"render {name}" for name in targets.kinds()}


def test_produce_and_consume_handle_every_record(kafka_bootstrap: str, tmp_path: Path) -> None:
    assert len(_measured("kafka", Bench(kafka_bootstrap, tmp_path))) == 2
