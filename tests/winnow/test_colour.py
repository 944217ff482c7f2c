"""Colours are for terminals, and for whoever wants them."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

import winnow

ROOT = Path(__file__).parents[2]
# Select Graphic Rendition with a colour in it: 30 to 49, 90 to 107.
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3\d|4\d|9\d|10[0-7])(?:;\d+)*m")
COLOURED = [("--help",), ("explain", "--help"), ("doctor", "--timeout", "100ms")]
PLAIN = [("check",), ("routes",), ("test", "deploy/examples/winnow-test.yaml")]


def environ(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    return {**kept, "KAFKA_BOOTSTRAP": "127.0.0.1:1", "TERM": "xterm-256color", **more}


def on_a_terminal(arguments: tuple[str, ...], **more: str) -> str:
    main, end = pty.openpty()
    command = [sys.executable, "-m", "winnow", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environ(**more), stdout=end, stderr=end) as process:
        os.close(end)
        told = b""
        with os.fdopen(main, "rb", buffering=0) as terminal:
            while part := _read(terminal.fileno()):
                told += part
        process.wait(60)
    return told.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that nobody writes any more
        return b""


@pytest.mark.parametrize("arguments", COLOURED)
def test_terminal_has_colours(arguments: tuple[str, ...]) -> None:
    assert COLOUR.search(on_a_terminal(arguments))


@pytest.mark.parametrize("arguments", [*COLOURED, *PLAIN])
def test_terminal_of_somebody_who_wants_no_colours_has_none(arguments: tuple[str, ...]) -> None:
    told = on_a_terminal(arguments, NO_COLOR="1")
    assert told
    assert COLOUR.search(told) is None


@pytest.mark.parametrize("arguments", [*COLOURED, *PLAIN])
def test_pipe_has_no_escape_sequence_at_all(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "winnow", *arguments]
    result = subprocess.run(command, cwd=ROOT, env=environ(), capture_output=True, text=True, check=False, timeout=60)
    assert result.stdout
    assert "\x1b" not in result.stdout + result.stderr


def test_no_verb_writes_escape_sequences_by_itself() -> None:
    folder = Path(winnow.__path__[0])
    assert [file.name for file in folder.glob("*.py") if re.search(r"\\x1b|\\033|\\e\[", file.read_text())] == []
