"""The command line as a user calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from winnow._verbs import PANELS, Verb, verbs


def winnow(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "winnow", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_help_lists_every_verb() -> None:
    result = winnow("--help")
    assert result.returncode == 0
    names = {verb.name for verb in verbs()}
    assert {"run", "send", "receiver"} <= names
    assert [name for name in names if f" {name} " not in result.stdout] == []


def test_help_has_the_verbs_under_its_headings_in_their_order() -> None:
    lines = winnow("--help").stdout.splitlines()
    heads = [line.strip("╭─╮ ") for line in lines if line.startswith("╭")]
    assert heads == ["Options", *PANELS]


@pytest.mark.parametrize("verb", verbs(), ids=lambda verb: verb.name)
def test_every_verb_says_in_one_line_of_the_help_what_it_does(verb: Verb) -> None:
    assert verb.summary.endswith(".")
    assert (verb.panel in PANELS, len(verb.summary) <= 61) == (True, True), verb


@pytest.mark.parametrize("words", [(), ("replay",), ("quarantine",), ("quarantine", "retry")])
def test_help_shows_no_type_of_what_takes_no_value(words: tuple[str, ...]) -> None:
    told = winnow(*words, "--help").stdout
    assert ("--help" in told, "bool" in told) == (True, False)


def test_help_imports_no_verb() -> None:
    code = (
        "import sys; from winnow._application import application; application(None);"
        "print(sorted(m for m in sys.modules if m.startswith(('winnow.', 'httpx', 'pydantic'))))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.strip() == "['winnow._application', 'winnow._completing', 'winnow._manual', 'winnow._verbs']"


def test_fault_of_its_own_exits_with_2_and_its_traceback_for_1_says_what_a_verb_found() -> None:
    code = (
        "import sys, typer; from winnow.__main__ import main\n"
        "def fails(app, **_): raise ValueError('odd')\n"
        "sys.argv, typer.Typer.__call__ = ['winnow', 'send'], fails\n"
        "main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.endswith("ValueError: odd\n")


def test_what_a_verb_logs_does_not_stand_among_its_results() -> None:
    code = (
        "import sys, structlog, typer; from winnow.__main__ import main\n"
        "def logs(app, **_): structlog.get_logger().warning('something')\n"
        "sys.argv, typer.Typer.__call__ = ['winnow', 'send'], logs\n"
        "main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert (result.stdout, json.loads(result.stderr)["event"]) == ("", "something")


def test_known_error_is_one_line_and_exit_code_2() -> None:
    result = winnow("send")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "winnow: expected either a FILE (- for standard input) or --example\n"


def test_what_is_not_there_is_one_line_and_exit_code_1() -> None:
    code = (
        "import sys, typer; from winnow.__main__ import main; from alerts.errors import NotFoundError\n"
        "def absent(app, **_): raise NotFoundError('no such letter')\n"
        "sys.argv, typer.Typer.__call__ = ['winnow', 'send'], absent\n"
        "main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "winnow: no such letter\n")


def test_unknown_verb_is_refused_by_name() -> None:
    result = winnow("sned")
    assert result.returncode == 2
    assert "'send'" in result.stderr


def test_full_disk_is_one_line_and_exit_code_2() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "winnow", "routes", "-o", "json"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (result.returncode, result.stderr) == (2, "winnow: cannot write: no space left\n")


def test_interrupt_is_quiet_and_exits_130() -> None:
    receiver = subprocess.Popen(
        [sys.executable, "-m", "winnow", "receiver", "--listen", "127.0.0.1:0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    with receiver:
        try:
            assert receiver.stderr is not None
            assert "listening on http://127.0.0.1:" in receiver.stderr.readline()
            receiver.send_signal(signal.SIGINT)
            assert receiver.wait(60) == 130
            assert receiver.stderr.read() == ""
        finally:
            receiver.kill()


def test_version_is_the_one_that_is_installed() -> None:
    result = winnow("--version")
    assert (result.returncode, result.stdout, result.stderr) == (0, f"winnow {version('winnow')}\n", "")


@pytest.mark.parametrize("arguments", [("routes", "-o", "json"), ("routes",), ("--help",)])
def test_pipe_that_nobody_reads_is_told_by_its_exit_code_alone(arguments: tuple[str, ...]) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    command = [sys.executable, "-m", "winnow", *arguments]
    result = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(theirs)
    assert (result.returncode, result.stderr) == (141, "")
