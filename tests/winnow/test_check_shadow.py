"""`winnow check` on a configuration that names a candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from winnow._application import application

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

LIVE = "shadow: candidate.yaml\ntargets: [{name: hook, kind: webhook, url: 'https://hook.example/${TOKEN:-x}'}]\n"
LLM = "classify: {llm: {base_url: 'http://127.0.0.1:1/v1', model: small%s}}\n"


def check(folder: Path, other: str | None, live: str = LIVE, *options: str) -> Result:
    file = folder / "winnow.yaml"
    file.write_text(live)
    if other is not None:
        (folder / "candidate.yaml").write_text(other)
    return CliRunner().invoke(application("check"), ["check", str(file), *options])


def test_candidate_that_differs_is_no_warning(tmp_path: Path) -> None:
    result = check(tmp_path, "filter: [{name: calm, when: 'team=\"web\"'}]", LIVE, "--strict")
    assert (result.exit_code, result.stderr) == (0, "")


def test_candidate_that_cannot_be_used_is_refused_by_its_name(tmp_path: Path) -> None:
    result = check(tmp_path, "filter: [{name: calm, wen: x}]")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{tmp_path}/candidate.yaml:1: filter[0] (calm).wen: unknown key; did you mean 'when'" in result.stderr


def test_candidate_that_is_not_there_is_refused_by_its_name(tmp_path: Path) -> None:
    result = check(tmp_path, None)
    assert result.exit_code == 2
    assert f"{tmp_path}/candidate.yaml: cannot be read: No such file" in result.stderr


@pytest.mark.parametrize(
    ("other", "live", "text"),
    [
        (LIVE, LIVE, "the candidate decides as this file does, so there is nothing to compare"),
        (LLM % "", LIVE, "it asks nobody: it is judged by its rules alone"),
        (
            LLM % ", max_tokens: 100",
            LIVE + LLM % "",
            "it asks nobody: it is judged by what the model of this file says",
        ),
    ],
)
def test_candidate_that_can_hardly_be_meant_is_a_warning_with_its_line(
    tmp_path: Path, other: str, live: str, text: str
) -> None:
    result = check(tmp_path, other, live, "--strict")
    assert result.exit_code == 1
    (line,) = [line for line in result.stderr.splitlines() if "shadow" in line]
    assert line.startswith(f"warning: {tmp_path}/winnow.yaml:1: shadow: ")
    assert line.endswith(text)
    assert check(tmp_path, other, live, "--strict", "--accept", "candidate").exit_code == 0


def test_candidate_that_can_end_critical_alerts_is_a_warning_with_its_own_file_and_line(tmp_path: Path) -> None:
    rule = "filter:\n  - {name: calm, when: 'team=\"web\"', critical: true}\n"
    result = check(tmp_path, rule, LIVE, "--strict")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"warning: {tmp_path}/candidate.yaml:2: filter[0] (calm).critical: ")
    assert check(tmp_path, rule, LIVE, "--strict", "--accept", "hides-critical").exit_code == 0


def test_what_is_odd_about_both_files_is_told_once(tmp_path: Path) -> None:
    rule = "filter:\n  - {name: calm, when: 'team=\"web\"', critical: true}\n"
    result = check(tmp_path, rule + "dedup: {window: 1h}", LIVE + rule)
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == [f"{tmp_path}/winnow.yaml:4"]


def test_candidate_with_the_same_model_elsewhere_is_no_warning(tmp_path: Path) -> None:
    elsewhere = LLM.replace("127.0.0.1:1", "127.0.0.1:2") % ", api_key: something-secret"
    result = check(tmp_path, elsewhere + "dedup: {window: 1h}", LIVE + LLM % "")
    assert "shadow" not in result.stderr
