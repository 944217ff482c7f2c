"""`winnow top` on a broker in memory: once, and on a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from alerts.errors import WinnowError
from tests.alerts.test_happening import DECIDED, DUPLICATE, OUTCOME, of
from tests.support.moment import now_ms
from tests.support.shelf import TOPICS, Shelf, shelf
from winnow._application import application

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECORDS = [json.dumps(one).encode() for one in (of(DUPLICATE, DECIDED), {"v": 1, "outcomes": [OUTCOME]})]


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Shelf]:
    with shelf(tmp_path) as made:
        made.put(TOPICS.decisions, RECORDS[:1], at_ms=now_ms() - 120_000)
        made.put(TOPICS.decisions, [b"garbage", *RECORDS])
        yield made


def test_json_counts_the_last_minute(held: Shelf) -> None:
    told = json.loads(held.winnow("top", "-o", "json").stdout)
    assert (told["events"], told["names"], told["sources"]) == (2, {"PostgresDown": 2}, {"am": 2})
    assert told["verdicts"] == {"dedup: duplicate": 1, "route: routed": 1, "publish: delivered": 1}
    assert told["targets"] == {"oncall: delivered": 1}


def test_without_a_terminal_it_is_printed_once(held: Shelf) -> None:
    lines = [" ".join(line.split()) for line in held.winnow("top").stdout.splitlines()]
    assert lines[0] == "2 alert events in the last minute (0.0/s)"
    assert {"per minute names", "2 PostgresDown", "1 oncall: delivered"} <= set(lines)


def test_terminal_is_drawn_until_an_interrupt(held: Shelf) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "winnow", "top", "--every", "100ms"]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, text=True) as process:
        try:
            os.close(theirs)
            seen, has_interrupted, deadline = "", False, time.monotonic() + 60
            # Read to its end: a terminal that nobody reads is full at some time, and who draws on it waits.
            while process.poll() is None:
                assert time.monotonic() < deadline, seen
                if select.select([ours], [], [], 0.1)[0]:
                    with contextlib.suppress(OSError):  # nobody has the other end any more
                        seen += os.read(ours, 65536).decode(errors="replace")
                if "PostgresDown" in seen and not has_interrupted:
                    process.send_signal(signal.SIGINT)
                    has_interrupted = True
            assert process.stderr is not None
            assert (process.returncode, process.stderr.read()) == (130, "")
        finally:
            process.kill()
            os.close(ours)


def test_drawing_too_often_is_refused() -> None:
    with pytest.raises(WinnowError, match="--every: expected at least 100ms"):
        CliRunner().invoke(application("top"), ["top", "--every", "10ms"], catch_exceptions=False)
