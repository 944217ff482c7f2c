"""How far a long reading is: on a terminal it is shown, in a pipe it is not."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from connectors.configuration import load
from tests.support.history import decided, keep
from tests.support.shelf import shelf
from tests.winnow.test_replay import LIVE, history

COMMAND = [sys.executable, "-m", "winnow", "replay", "--since", "1d", "-o", "json"]


def test_terminal_is_shown_how_many_records_were_read_and_stdout_holds_the_answer_alone(tmp_path: Path) -> None:
    with shelf(tmp_path, LIVE) as made:
        keep(made, history())
        ours, theirs = pty.openpty()
        environ = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
        ended = subprocess.run(COMMAND, stdout=subprocess.PIPE, stderr=theirs, env=environ, timeout=60, check=True)
        os.close(theirs)
        shown = _all(ours)
    assert json.loads(ended.stdout)["totals"]["events"] == 105
    assert "reading winnow." in shown
    assert "105 records" in shown


def test_terminal_is_shown_the_first_alert_of_a_name_while_others_are_looked_for(tmp_path: Path) -> None:
    with shelf(tmp_path, LIVE) as made:
        keep(made, history(), decided(load(needs_sources=False), history()))
        ours, theirs = pty.openpty()
        environ = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
        command = [sys.executable, "-m", "winnow", "explain", "Disk", "-o", "json"]
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, env=environ, timeout=60, check=True)
        os.close(theirs)
        shown = _all(ours)
    fingerprints = [row["fingerprint"] for row in json.loads(ended.stdout)]
    assert len(fingerprints) == 3
    assert any(f"found {fingerprint} (firing, " in shown for fingerprint in fingerprints)


def test_pipe_is_told_nothing(tmp_path: Path) -> None:
    with shelf(tmp_path, LIVE) as made:
        keep(made, history())
        ended = subprocess.run(COMMAND, capture_output=True, timeout=60, check=True)
    assert ended.stderr == b""


def test_name_of_a_file_is_shown_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "a[bold]b:wave:\x1b.ndjson"
    with shelf(tmp_path, LIVE):
        file.touch()
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "winnow", "replay", "--from-file", file.name]
        environ = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "PYTHONPATH": str(Path.cwd())}
        subprocess.run(
            command, stdout=subprocess.PIPE, stderr=theirs, env=environ, cwd=tmp_path, timeout=60, check=True
        )
        os.close(theirs)
        assert r"reading a[bold]b:wave:\x1b.ndjson" in _all(ours)


def _all(terminal: int) -> str:
    """What was written to it; its other end is closed."""
    found = b""
    with suppress(OSError):
        while some := os.read(terminal, 4096):
            found += some
    os.close(terminal)
    return found.decode()
