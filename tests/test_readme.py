"""What the README and the other documents have people type works as it stands there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer.main

from connectors.configuration import load
from docs.record.session import Session, play
from docs.record.story import commands, is_shown, scenes
from winnow._application import application

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_rule_that_the_story_adds_is_in_the_candidate(tmp_path: Path) -> None:
    (command,) = re.findall(r"^sed .*$", README, re.MULTILINE)
    shutil.copy(ROOT / "winnow.yaml", tmp_path)
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True, timeout=30)
    before, after = (load(tmp_path / name, {}).filter for name in ("winnow.yaml", "candidate.yaml"))
    (added,) = [rule for rule in after if rule.name not in {one.name for one in before}]
    assert (added.name, str(added.when), added.critical) == ("hush", '{alertname=~"Postgres.*"}', True)


@pytest.mark.timeout(300)
def test_story_goes_as_the_readme_tells_it(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        played = list(play(scenes(README), session))
        arrived = session.arrived(at_least=6)
    assert [(scene.command, answer) for scene, answer in played if answer.code != scene.code] == []
    shown = [(scene, answer.text) for scene, answer in played if scene.shown]
    assert [scene.command.split()[1] for scene, _ in shown] == ["replay", "test"]
    for scene, text in shown:
        assert is_shown(scene.shown, text), f"$ {scene.command}\n{text}"
    # The page, its resolve and that of curl, at both targets; the repeat at none.
    assert len(re.findall(r"POST /\S+ -> 20", arrived)) == 6


def _calls() -> Iterator[str]:
    """What documents have people call of `winnow`, up to where the shell takes over."""
    for file in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for block in SHELL.findall(file.read_text(encoding="utf-8")):
            for command, _ in commands(block):
                for call in re.findall(r"(?:^|\| )winnow (.*)", command):
                    yield re.split(r" (?:>>?|\||&&) ?", call)[0]


@pytest.mark.parametrize("call", sorted(set(_calls())))
def test_what_documents_have_people_call_is_taken_by_its_verb(call: str) -> None:
    words = shlex.split(call, comments=True)
    command = typer.main.get_command(application(words[0]))
    while (below := getattr(command, "commands", {}).get(words[0] if words else "")) is not None:
        command, words = below, words[1:]
    context = command.make_context(call, words)
    assert context.args == []
