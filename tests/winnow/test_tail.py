"""`winnow tail` on a broker in memory, as a process that is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from alerts.errors import MatcherError, WinnowError
from tests.alerts.test_happening import DECIDED, DUPLICATE, OUTCOME, of
from tests.support.shelf import TOPICS, Shelf, shelf
from winnow._application import application

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECORDS = [json.dumps(one).encode() for one in (of(DUPLICATE, DECIDED), {"v": 1, "outcomes": [OUTCOME]})]
ABOUT = "00000000000000aa PostgresDown firing"


@contextmanager
def tail(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "winnow", "tail", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().rstrip("\n") for _ in range(count)]


def interrupted(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Shelf]:
    with shelf(tmp_path) as made:
        yield made


def test_each_event_and_each_delivery_is_a_line_and_an_interrupt_is_quiet(held: Shelf) -> None:
    held.put(TOPICS.decisions, RECORDS)
    with tail("--since", "1h") as process:
        told = [" ".join(line.split()[1:]) for line in lines(process, 3)]
        assert interrupted(process) == (130, "")
    assert told == [
        f"dedup duplicate {ABOUT} by window",
        f"route routed {ABOUT} severity critical by pages -> oncall, hook (severity=critical)",
        f"publish delivered {ABOUT} severity critical -> oncall (5 ms after acceptance, 2 tries, answered 202)",
    ]


def test_step_and_matchers_choose_and_json_is_an_object_a_line(held: Shelf) -> None:
    held.put(TOPICS.decisions, [b"garbage", *RECORDS])
    with tail("publish", 'target="oncall",verdict=~"deliv.*"', "--since", "1h", "-o", "json") as process:
        (line,) = lines(process, 1)
        code, errors = interrupted(process)
    told = json.loads(line)
    assert (told["name"], told["targets"], told["verdict"]) == ("PostgresDown", ["oncall"], "delivered")
    assert (code, errors.splitlines()) == (
        130, ["winnow: record 0/0 is left out: no record of decisions: JSONDecodeError"],
    )  # fmt: skip


def test_what_is_there_already_comes_in_the_order_of_time_whatever_partition_holds_it(held: Shelf) -> None:
    now_ms = time.time_ns() // 1_000_000
    for name, partition, seconds in (("B", 0, 20), ("D", 0, 40), ("A", 1, 10), ("C", 3, 30)):
        row = {**DUPLICATE, "id": f"{name}-0", "name": name}
        at_ms = now_ms - 60_000 + 1000 * seconds
        held.put(TOPICS.decisions, [json.dumps(of(row)).encode()], at_ms=at_ms, partition=partition)
    with tail("--since", "1h", "-o", "json") as process:
        told = [json.loads(line)["name"] for line in lines(process, 4)]
        held.put(TOPICS.decisions, [json.dumps(of({**DUPLICATE, "name": "E"})).encode()], partition=2)
        (last,) = lines(process, 1)
        interrupted(process)
    assert (told, json.loads(last)["name"]) == (["A", "B", "C", "D"], "E")


def test_control_characters_of_an_alert_do_not_reach_the_terminal(held: Shelf) -> None:
    held.put(TOPICS.decisions, [json.dumps(of({**DUPLICATE, "name": "\x1b[2J[red]x"})).encode()])
    with tail("--since", "1h") as process:
        (line,) = lines(process, 1)
        interrupted(process)
    assert "\\x1b[2J[red]x" in line


@pytest.mark.parametrize("output", ["table", "json"])
def test_reader_that_goes_away_ends_it_quietly(held: Shelf, output: str) -> None:
    with tail("--since", "1h", "-o", output) as process:
        assert process.stdout is not None
        process.stdout.close()
        held.put(TOPICS.decisions, RECORDS)
        assert process.wait(60) == 141
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["nowhere"], WinnowError, "expected a step"),
        (["route", "nowhere"], WinnowError, "expected a step"),
        (['namespace="x"'], MatcherError, "decisions do not hold namespace"),
        (["--since", "x"], WinnowError, "--since: expected"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_read(
    arguments: list[str], error: type[WinnowError], said: str
) -> None:
    with pytest.raises(error, match=said):
        CliRunner().invoke(application("tail"), ["tail", *arguments], catch_exceptions=False)
