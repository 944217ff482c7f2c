"""Which configurations a replay holds against each other, and when there is nothing to hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from alerts.errors import ConfigError, WinnowError
from connectors.configuration import load
from tests.support.history import decided, event, keep
from tests.support.moment import now_ms
from tests.support.shelf import shelf
from tests.winnow.test_replay import LIVE, MINUTE_MS
from winnow._alert_file import line
from winnow._application import application

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

HOOK = "targets: [{name: oncall, kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}]\n"
HUSH = HOOK + "filter: [{name: hush, when: 'alertname=~\".*\"', critical: true, action: deny}]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: alerts of the past and a candidate that hushes them all, and no winnow.yaml."""
    for variable in ("WINNOW_CONFIG", "KAFKA_BOOTSTRAP"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alerts.ndjson").write_bytes(
        b"".join(line(event(n, now_ms() - n * MINUTE_MS)) for n in range(3, 0, -1))
    )
    (tmp_path / "candidate.yaml").write_text(HUSH)
    return tmp_path


def replay(*arguments: str) -> Result:
    return CliRunner().invoke(application("replay"), ["replay", *arguments], catch_exceptions=False)


FILE = ("--from-file", "alerts.ndjson", "--config", "candidate.yaml")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("compared", ["--diff", "--fail-on-diff"])
def test_candidate_is_never_held_against_itself_because_winnow_yaml_is_missing(compared: str) -> None:
    with pytest.raises(ConfigError, match=r"winnow\.yaml: cannot be read"):
        replay(*FILE, compared)


def test_candidate_is_held_against_the_winnow_yaml_that_is_there(folder: Path) -> None:
    (folder / "winnow.yaml").write_text(HOOK)
    assert replay(*FILE, "--fail-on-diff").exit_code == 1


@pytest.mark.usefixtures("folder")
def test_without_a_comparison_the_candidate_alone_will_do() -> None:
    assert "ended at filter: hush" in replay(*FILE).stdout


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("arguments", [(*FILE, "--diff"), FILE, ("--since", "1h", "--config", "candidate.yaml")])
def test_named_file_that_is_not_there_is_told_whatever_it_is_for(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINNOW_CONFIG", "mistyped.yaml")
    with pytest.raises(ConfigError, match=r"mistyped\.yaml: cannot be read"):
        replay(*arguments)


@pytest.mark.parametrize("candidate", [(), ("--config", "winnow.yaml"), ("--config", "./winnow.yaml")])
def test_configuration_beside_itself_proves_nothing(folder: Path, candidate: tuple[str, ...]) -> None:
    (folder / "winnow.yaml").write_text(HOOK)
    with pytest.raises(WinnowError, match=r"held against itself; name the candidate with --config"):
        replay("--from-file", "alerts.ndjson", *candidate, "--fail-on-diff")


def test_file_is_judged_without_the_secrets_of_either(folder: Path) -> None:
    pages = "targets: [{name: oncall, kind: pagerduty, routing_key: '${A_KEY_NOBODY_SET}'}]\n"
    (folder / "winnow.yaml").write_text(pages)
    (folder / "candidate.yaml").write_text(pages + HUSH.removeprefix(HOOK))
    found = json.loads(replay(*FILE, "--diff", "-o", "json").stdout)
    assert found["kinds"] == {"no longer sent": 1}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("option", [("--since", "1h"), ("--until", "2020-01-01T00:00:00Z"), ("--warm-up", "1h")])
def test_file_takes_no_range(option: tuple[str, str]) -> None:
    with pytest.raises(WinnowError, match="--from-file: the whole file is judged"):
        replay(*FILE, *option)


def test_nothing_recorded_is_no_agreement(tmp_path: Path) -> None:
    (tmp_path / "candidate.yaml").write_text(HUSH)
    arguments = ("replay", "--since", "1h", "--config", str(tmp_path / "candidate.yaml"))
    with shelf(tmp_path, LIVE) as made:
        records = [event(1, now_ms() - MINUTE_MS, team="db")]
        keep(made, records)
        with pytest.raises(WinnowError, match=r"nothing was compared: of 1 alert events no decision is kept, of 0"):
            made.winnow(*arguments, "--fail-on-diff")
        assert made.winnow(*arguments, "--diff").exit_code == 0
        keep(made, [], decided(load(needs_sources=False), records))
        assert made.winnow(*arguments, "--fail-on-diff").exit_code == 1


def test_more_that_could_not_be_compared_than_allowed_is_no_agreement(tmp_path: Path) -> None:
    arguments = ("replay", "--since", "1h", "--fail-on-diff", "--max-not-compared")
    with shelf(tmp_path, LIVE) as made:
        records = [event(number, now_ms() - MINUTE_MS + number, team="db") for number in range(4)]
        keep(made, records, decided(load(needs_sources=False), records[:3]))
        keep(made, [], decided(load(needs_sources=False), [event(4, now_ms() - MINUTE_MS, team="gone")]))
        assert made.winnow(*arguments, "2").exit_code == 0
        with pytest.raises(WinnowError, match="2 were not compared: of 1 alert events no decision is kept, of 1 dec"):
            made.winnow(*arguments, "1")
        with pytest.raises(WinnowError, match="--max-not-compared: says when --fail-on-diff exits"):
            made.winnow("replay", "--since", "1h", "--diff", "--max-not-compared", "1")


def test_range_without_alerts_is_one_in_which_nothing_differs(tmp_path: Path) -> None:
    with shelf(tmp_path, LIVE) as made:
        assert made.winnow("replay", "--since", "1h", "--fail-on-diff").exit_code == 0


def test_same_decisions_told_elsewhere_are_a_difference_that_shows_no_secret(folder: Path) -> None:
    unused = "  - {name: spare, kind: webhook, url: 'https://example.org/hidden-x'}\n"
    pages = "targets:\n  - {name: oncall, kind: pagerduty, routing_key: 0123456789abcdef0123456789abcdef}\n"
    routes = "routes: [{to: [oncall]}]\n"
    (folder / "winnow.yaml").write_text(pages + unused + routes)
    (folder / "candidate.yaml").write_text(
        pages.replace("0123", "ffff") + unused.replace("hidden-x", "hidden-y") + routes
    )
    told = [replay(*FILE, "--fail-on-diff", "-o", output) for output in ("table", "html", "json")]
    words = "targets differ: oncall (routing_key), spare (url; nothing is sent there)"
    assert [result.exit_code for result in told] == [1, 1, 1]
    assert [words in result.stdout for result in told] == [True, True, False]
    found = json.loads(told[2].stdout)
    assert (found["different"], [one["used"] for one in found["told_otherwise"]]) == (0, [True, False])
    assert not any(secret in result.stdout for result in told for secret in ("hidden", "456789abcdef"))


def test_target_that_nothing_in_the_range_was_sent_to_is_told_and_no_failure(folder: Path) -> None:
    spare = (
        "targets: [{name: oncall, kind: webhook, url: 'https://example.org/x'}, {name: spare, kind: kafka, topic: a}]\n"
    )
    (folder / "winnow.yaml").write_text(spare + "routes: [{to: [oncall]}]\n")
    (folder / "candidate.yaml").write_text(spare.replace("topic: a", "topic: b") + "routes: [{to: [oncall]}]\n")
    result = replay(*FILE, "--fail-on-diff")
    assert (result.exit_code, "targets differ: spare (topic; nothing is sent there)" in result.stdout) == (0, True)
