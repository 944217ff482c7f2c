"""`winnow check-mapping`: what it shows, and with which status it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from alerts.errors import ConfigError, WinnowError
from tests.support.mappings import FOLDER
from winnow._application import application

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

DATADOG = str(FOLDER / "datadog.yaml")
TRIGGERED = str(FOLDER / "samples" / "datadog" / "triggered.json")
TEXT = "mappings:\n  - {name: own, alertname: title, status: {value: state, ignore: [muted]}, starts_at: at}\n"


def check(*arguments: str, body: str | None = None) -> Result:
    command = ["check-mapping", *arguments]
    return CliRunner().invoke(application("check-mapping"), command, input=body, catch_exceptions=False)


@pytest.fixture
def own(tmp_path: Path) -> str:
    file = tmp_path / "own.yaml"
    file.write_text(TEXT)
    return str(file)


def test_alert_is_shown_with_all_that_comes_out() -> None:
    result = check(DATADOG, "--body", TRIGGERED)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "alerts[0]  firing  Disk is almost full"
    assert "  label       severity: critical" in lines
    assert "  starts_at   2025-11-24T15:59:00.000Z" in lines
    assert lines[-1] == "  fingerprint e317fcf9c8074fa1 (told apart by fingerprint)"


def test_machines_get_the_same_as_json() -> None:
    told = json.loads(check(DATADOG, "--body", TRIGGERED, "-o", "json").stdout)
    (alert,) = told["alerts"]
    assert (told["mapping"], told["ok"]) == ("datadog", True)
    assert (alert["status"], alert["labels"]["alertname"]) == ("firing", "Disk is almost full")
    assert alert["fingerprint"] == "e317fcf9c8074fa1"


def test_what_is_wrong_is_named_with_its_place(own: str) -> None:
    body = '[{"title": "a", "state": "firing", "at": "soon"}, {"state": "odd"}, {"state": "muted"}]'
    result = check(own, "--body", "-", body=body)
    assert result.exit_code == 1
    assert "winnow_mapping: starts_at: expected a time" in result.stdout
    assert "alerts[1]  goes to the quarantine" in result.stdout
    assert "  alerts[1].alertname: expected text from `title`, got nothing" in result.stdout
    assert "  alerts[1].status: expected one of firing, resolved, muted from `state`, got 'odd'" in result.stdout
    assert "ignored: 1" in result.stdout


def test_body_that_is_no_json_ends_with_one(own: str) -> None:
    result = check(own, "--body", "-", body="{")
    assert (result.exit_code, result.stdout.startswith("own: not JSON")) == (1, True)


def test_body_of_nothing_but_ignored_alerts_is_fine(own: str) -> None:
    result = check(own, "--body", "-", body='{"state": "muted"}')
    assert (result.exit_code, result.stdout) == (0, "own: nothing to store: 1 ignored, as the mapping says\n")


def test_file_that_is_missing_is_named(own: str) -> None:
    with pytest.raises(WinnowError, match=r"gone\.json: cannot be read"):
        check(own, "--body", "gone.json")


def test_mapping_that_cannot_be_used_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("mappings: [{name: own, alertname: 'a('}]")
    with pytest.raises(ConfigError, match=r"mappings\[0\] \(own\)\.alertname"):
        check(str(file), "--body", TRIGGERED)


def test_one_of_several_mappings_has_to_be_named(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text("mappings: [{name: one, alertname: title}, {name: two, alertname: =Two}]")
    with pytest.raises(WinnowError, match="--mapping: one, two"):
        check(str(file), "--body", TRIGGERED)
    assert "Two" in check(str(file), "--body", TRIGGERED, "--mapping", "two").stdout
