"""What `--help` says of every verb and of every verb below it."""

from __future__ import annotations

import ast
import importlib
import inspect
import shlex
from typing import TYPE_CHECKING, NamedTuple

import pytest
import typer.main
from typer.testing import CliRunner

from winnow._application import application
from winnow._manual import above, below, manual
from winnow._verbs import module_of, verbs

if TYPE_CHECKING:
    from collections.abc import Iterator

# What these print is a file, or what somebody watches.
UNSTRUCTURED = {"completion", "export", "fake-model", "record-test", "run"}


class Called(NamedTuple):
    verb: str
    path: tuple[str, ...]

    @property
    def words(self) -> str:
        return " ".join(self.path)

    def help(self) -> str:
        return CliRunner().invoke(application(self.verb), [*self.path, "--help"], env={"COLUMNS": "200"}).output


def _called() -> Iterator[Called]:
    for verb in verbs():
        commands = getattr(importlib.import_module(f"winnow.{module_of(verb.name)}"), "COMMANDS", ())
        for command in commands:
            yield Called(verb.name, (verb.name, command.__name__))
        if not commands:
            yield Called(verb.name, (verb.name,))


ALL = list(_called())
every_verb = pytest.mark.parametrize("called", ALL, ids=lambda called: called.words)


@every_verb
def test_help_has_an_example_on_a_line_of_its_own(called: Called) -> None:
    lines = called.help().splitlines()
    (place,) = [number for number, line in enumerate(lines) if line.strip() == "Example:"]
    assert lines[place + 1].startswith(f"   winnow {called.words} ")


@every_verb
def test_example_has_only_arguments_that_the_verb_takes(called: Called) -> None:
    (example,) = [line for line in called.help().splitlines() if line.startswith("   winnow ")]
    words = shlex.split(example)[1 + len(called.path) :]
    command = typer.main.get_command(application(called.verb))
    for name in called.path:
        command = command.commands[name]  # type: ignore[attr-defined]
    given = words[: next((place for place, word in enumerate(words) if word in {">", ">>"}), None)]
    assert command.make_context(called.words, given).args == []


@every_verb
def test_help_says_what_each_exit_code_means(called: Called) -> None:
    _, _, section = called.help().partition("Exit codes:")
    codes = [int(line.split()[0]) for line in section.splitlines() if line[:6].strip()]
    assert {0, 2, 130, 141} <= set(codes)
    assert codes == sorted(codes)


@pytest.mark.parametrize("verb", [verb.name for verb in verbs()])
def test_every_exit_code_that_stands_in_a_verb_stands_in_its_help(verb: str) -> None:
    module = importlib.import_module(f"winnow.{module_of(verb)}")
    calls = (node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Call))
    exits = [call.args[0] for call in calls if ast.unparse(call.func) == "typer.Exit"]
    used = {node.value for node in exits if isinstance(node, ast.Constant)}
    functions = getattr(module, "COMMANDS", ()) or (getattr(module, module_of(verb)),)
    assert used <= {code for function in functions for code in manual(function).codes}


@every_verb
def test_results_come_for_machines_too(called: Called) -> None:
    has_output = "--output" in called.help()
    assert has_output == (called.verb not in UNSTRUCTURED)


def test_manual_keeps_paragraphs_apart_and_the_breaks_within_them_out() -> None:
    def verb() -> None:
        """Do it.

        More of
        it.

        Example: winnow verb
          --option [x]

        Exit codes:
            1: It was not
                done.
            3: Half.
        """

    told = manual(verb)
    assert (told.paragraphs, told.example) == (["Do it.", "More of it."], "winnow verb --option [x]")
    assert told.codes == {
        0: "Done.",
        1: "It was not done.",
        2: "It could not be done; standard error says why.",
        3: "Half.",
        130: "Interrupted.",
        141: "Nobody reads on: what stands behind | has ended.",
    }
    assert above(told).endswith("Example:\n[bold]  winnow verb --option \\[x][/bold]")
    assert below(told).splitlines()[:2] == ["Exit codes:", "[bold]  0   [/bold]Done."]
