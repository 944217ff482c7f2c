"""Completion as shells ask for it: each runs what `winnow completion` prints, where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from winnow._verbs import verbs

CONFIG = """
routes: [{to: [oncall]}]
targets:
  - {name: oncall, kind: pagerduty, routing_key: "${NOT_SET}"}
  - {name: on-hold, kind: webhook, url: "${NOT_SET_EITHER}"}
  - {name: team, kind: webhook, url: "https://hooks.example.com"}
"""
BASH = """
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_winnow_completion winnow
printf '%s\\n' "${COMPREPLY[@]}"
"""
# What zsh brings: the function that registers, and the one that takes the candidates.
ZSH = """
words=("$@")
CURRENT=$#
_arguments() { eval "candidates=${${1#'*: :('}%')'}" ; }
_winnow_completion
"""
FISH = 'complete -C "$argv"'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "winnow.yaml").write_text(CONFIG)
    return tmp_path


def shell(home: Path, command: list[str], script: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "HOME": str(home)}
    result = subprocess.run(
        command, input=script, cwd=home, env=environ, capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stderr == ""
    return result.stdout


def printed(name: str) -> str:
    command = [sys.executable, "-m", "winnow", "completion", name]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def bash(home: Path, *words: str) -> list[str]:
    """What could come for the last of the words."""
    return shell(home, ["bash", "--norc", "-s", "--", "winnow", *words], printed("bash") + BASH).split()


def test_verbs_are_completed(home: Path) -> None:
    assert set(bash(home, "")) == {verb.name for verb in verbs()}
    assert bash(home, "re") == ["receiver", "record-test", "replay"]


def test_verbs_below_a_verb_are_completed(home: Path) -> None:
    assert bash(home, "dead-letters", "") == ["ls", "show", "retry"]


def test_options_of_the_verb_are_completed(home: Path) -> None:
    assert bash(home, "replay", "--f") == ["--from-file", "--fail-on-diff"]
    assert bash(home, "dead-letters", "ls", "--op") == ["--open"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("explain", "PostgresDown", "--why-not", "on"), ["oncall", "on-hold"]),
        (("dead-letters", "retry", "--target", ""), ["oncall", "on-hold", "team"]),
        (("tail", "f"), ["filter"]),
        (("ledger", "-o", ""), ["table", "json"]),
        (("classify", "--format", "g"), ["grafana"]),
        (("check", "--accept", "hides"), ["hides-critical"]),
        (("send", "--path", "/v1/webhooks/cl"), ["/v1/webhooks/cloudevents"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
    ],
)
def test_names_are_completed_where_winnow_knows_them(home: Path, words: tuple[str, ...], expected: list[str]) -> None:
    assert bash(home, *words) == expected


def test_configuration_that_cannot_be_used_disturbs_nobody_who_types(home: Path) -> None:
    (home / "winnow.yaml").write_text("targets: [")
    assert bash(home, "explain", "--why-not", "") == []


@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh here")
def test_zsh_completes_names(home: Path) -> None:
    script = f"compdef() {{}}\n{printed('zsh')}{ZSH}print -rl -- $candidates"
    told = shell(home, ["zsh", "-f", "-s", "--", "winnow", "explain", "--why-not", "on"], script)
    assert told.split() == ["oncall", "on-hold"]


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here")
def test_fish_completes_verbs_with_what_they_do(home: Path) -> None:
    script = printed("fish") + "\ncomplete -C 'winnow to'\ncomplete -C 'winnow explain --why-not on'\n"
    first, *names = shell(home, ["fish", "--no-config"], script).splitlines()
    assert first.split("\t") == ["top", "Count the last minute by name, source, verdict and target."]
    assert sorted(names) == ["on-hold", "oncall"]
