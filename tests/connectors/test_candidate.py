from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.config import Kafka
from alerts.errors import ConfigError
from connectors.candidate import candidate, candidate_file
from connectors.configuration import load

if TYPE_CHECKING:
    from pathlib import Path

    from alerts.config import Config


def written(folder: Path, live: str, other: str = "") -> Config:
    (folder / "sub").mkdir()
    (folder / "winnow.yaml").write_text(live)
    (folder / "sub" / "candidate.yaml").write_text(other)
    return load(folder / "winnow.yaml", {})


def found(folder: Path, live: str, other: str = "") -> Config | None:
    config = written(folder, live, other)
    return candidate(config, folder / "winnow.yaml", {})


def test_relative_candidate_lies_beside_the_configuration(tmp_path: Path) -> None:
    config = written(tmp_path, "shadow: sub/candidate.yaml")
    environ = {"WINNOW_CONFIG": str(tmp_path / "winnow.yaml")}
    assert candidate_file(config, None, environ) == tmp_path / "sub/candidate.yaml"


def test_without_shadow_there_is_no_candidate(tmp_path: Path) -> None:
    assert found(tmp_path, "{}") is None


def test_candidate_looks_for_the_same_kafka_and_has_no_candidate_of_its_own(tmp_path: Path) -> None:
    other = "{kafka: {bootstrap: 'elsewhere:1', partitions: 2}, shadow: third.yaml, dedup: {window: 1h}}"
    made = found(tmp_path, "{shadow: sub/candidate.yaml, kafka: {partitions: 5}}", other)
    assert made is not None
    assert (made.kafka, made.shadow) == (Kafka(partitions=5), None)
    assert made.dedup.window.total_seconds() == 3600


def test_candidate_needs_no_secrets_for_it_tells_nobody(tmp_path: Path) -> None:
    target = "{name: oncall, kind: pagerduty, routing_key: '${NO_SUCH_KEY}'}"
    made = found(tmp_path, "shadow: sub/candidate.yaml", f"targets: [{target}]")
    assert made is not None
    assert [one.name for one in made.targets] == ["oncall"]


@pytest.mark.parametrize(
    ("other", "fault"),
    [("routes: [{to: [nobody]}]", "no target is named 'nobody'"), ("filter: 3", "expected a list"), ("{", "")],
)
def test_candidate_that_cannot_be_used_is_named_with_each_fault(tmp_path: Path, other: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        found(tmp_path, "shadow: sub/candidate.yaml", other)
    file = tmp_path / "sub/candidate.yaml"
    first, *faults = str(caught.value).splitlines()
    assert first == f"shadow: the candidate {file} cannot be used:"
    assert len(faults) == 1
    assert faults[0].startswith(f"{file}:1")
    assert fault in faults[0]


def test_candidate_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read: No such file"):
        found(tmp_path, "shadow: nowhere.yaml")
