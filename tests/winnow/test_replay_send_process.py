"""`winnow replay --send` as a process of its own: interrupted, killed, asked on a terminal; and continued."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from alerts.instant import rfc3339
from connectors.configuration import load
from connectors.inbox import Inbox
from tests.support.history import decided, event, keep
from tests.support.moment import now_ms
from tests.support.product import wait_for
from tests.support.shelf import shelf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.arrival import Arrival
    from connectors.inbox import Reply

COUNT = 60
AT_A_TIME = 4
THREE_HOURS_MS = 180 * 60_000
SETTINGS = """
targets: [{{name: oncall, kind: webhook, url: '{url}/oncall', allow_private: true}}]
publish: {{max_concurrent: {at_a_time}}}
"""
COMMAND = (sys.executable, "-m", "winnow", "replay", "--since", "1d", "--send", "--target", "oncall")


class Target(Inbox):
    """Answers so many, and holds its answer to the next ones until it is let go."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.answers = 10**9
        self.gate = threading.Event()
        super().__init__("127.0.0.1:0", self._note)

    def _note(self, arrival: Arrival, _: int) -> None:
        self.ids.append(arrival.headers["webhook-id"])

    def take(self, taken: Arrival) -> Reply:
        answer = super().take(taken)
        if len(self.ids) > self.answers:
            self.gate.wait(30)
        return answer

    def close(self) -> None:
        self.gate.set()
        super().close()


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    """A target that a history of sixty alerts was not told to."""
    made = Target()
    try:
        with shelf(tmp_path, SETTINGS.format(url=made.url, at_a_time=AT_A_TIME)) as held:
            then_ms = now_ms() - THREE_HOURS_MS
            records = [
                event(number, then_ms + number, starts_at=rfc3339(then_ms), team=f"t{number}")
                for number in range(COUNT)
            ]
            keep(held, records, decided(load(needs_sources=False), records))
            yield made
    finally:
        made.close()


@contextmanager
def started(*arguments: str, stdin: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """The command in a session of its own."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, stdin=stdin,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)


def told(output: str) -> dict[str, int]:
    """The lines of numbers."""
    found = re.findall(r"^ *(.*?) {2,}([\d,]+)$", output, re.MULTILINE)
    return {name: int(number.replace(",", "")) for name, number in found}


def run_to_the_end(target: Target) -> dict[str, int]:
    target.gate.set()
    with started("--yes") as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return told(output)


def test_interrupted_it_ends_what_is_under_way_and_goes_on_from_there(target: Target) -> None:
    target.answers = 20
    with started("--yes") as process:
        wait_for(lambda: len(target.ids) == 20 + AT_A_TIME, "all that may be are under way")
        process.send_signal(signal.SIGINT)
        target.gate.set()
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    said = told(output)
    assert (said["delivered"], said["interrupted, not sent yet"]) == (len(target.ids), COUNT - len(target.ids))
    assert 20 < len(target.ids) <= 20 + AT_A_TIME
    assert run_to_the_end(target)["delivered"] == COUNT - said["delivered"]
    assert len(set(target.ids)) == len(target.ids) == COUNT


def test_interrupted_at_the_very_end_it_says_that_nothing_is_left(target: Target) -> None:
    target.answers = COUNT - 1
    with started("--yes") as process:
        wait_for(lambda: len(target.ids) == COUNT, "all are sent, and one is not answered")
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        assert any("once more" in line for line in process.stdout)
        target.gate.set()
        output, _ = process.communicate(timeout=30)
    assert (process.returncode, told(output)) == (130, {"delivered": COUNT})
    assert output.splitlines()[-1] == "interrupted, but nothing is left to send"


def test_interrupted_twice_it_waits_for_no_answer(target: Target) -> None:
    target.answers = 0
    with started("--yes") as process:
        wait_for(lambda: len(target.ids) == AT_A_TIME, "all that may be are under way")
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert any("once more" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=10)
    assert (process.returncode, told(output)["delivered"]) == (130, 0)
    assert run_to_the_end(target)["delivered"] == COUNT
    assert set(Counter(target.ids).values()) == {1, 2}


@pytest.mark.parametrize("answers", [0, 1, 30, COUNT - 1])
def test_killed_it_sends_once_more_what_was_under_way_and_nothing_else(target: Target, answers: int) -> None:
    target.answers = answers
    with started("--yes") as process:
        wait_for(lambda: len(target.ids) >= min(COUNT, answers + AT_A_TIME), "all that may be are under way")
        process.kill()
        process.communicate(timeout=10)
    first = set(target.ids)
    run_to_the_end(target)
    times = Counter(target.ids)
    again = {id_ for id_, count in times.items() if count > 1}
    assert (len(times), set(times.values())) == (COUNT, {1, 2})
    assert again <= first
    assert len(again) <= AT_A_TIME
    assert run_to_the_end(target) == {"would go": 0, "firing": 0, "resolved": 0, "left out: delivered already": COUNT}


@pytest.mark.parametrize(("answer", "code", "count"), [("n\n", 1, 0), ("y\n", 0, COUNT)])
def test_on_a_terminal_it_says_what_would_go_and_asks(target: Target, answer: str, code: int, count: int) -> None:
    ours, theirs = pty.openpty()
    try:
        with started(stdin=theirs) as process:
            os.write(ours, answer.encode())
            output, _ = process.communicate(timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    assert process.returncode == code, output
    assert output.index("would go") < output.index(f"Send {COUNT} notifications to oncall now? [y/N]")
    assert len(target.ids) == count


def test_interrupted_at_the_question_it_sends_nothing_and_is_no_answer(target: Target) -> None:
    ours, theirs = pty.openpty()
    try:
        with started(stdin=theirs) as process:
            assert process.stdout is not None
            asked = ""
            while "[y/N]" not in asked:
                asked += process.stdout.read(1)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    assert (process.returncode, target.ids) == (130, [])


def test_terminal_is_shown_how_far_it_is_and_stdout_holds_the_answer_alone(target: Target) -> None:
    target.answers = COUNT - 1
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    command = [*COMMAND, "--yes", "-o", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environ, text=True) as process:
        os.close(theirs)
        shown = ""
        with suppress(OSError):  # its other end is closed at the end
            while True:
                shown += os.read(ours, 4096).decode()
                if f"{COUNT - 1}/{COUNT}" in shown:
                    target.gate.set()
        os.close(ours)
        assert process.stdout is not None
        told_last = json.loads(process.stdout.read())
    assert (told_last["delivered"], told_last["not_sent"]) == (COUNT, 0)
    assert "sending" in shown
    assert f"would go {COUNT}" in " ".join(shown.split())


def test_what_is_told_while_somebody_thinks_about_it_does_not_go_once_more(target: Target) -> None:
    ours, theirs = pty.openpty()
    try:
        with started(stdin=theirs) as process:
            assert process.stdout is not None
            assert any("the first accepted" in line for line in process.stdout)
            run_to_the_end(target)
            os.write(ours, b"y\n")
            output, _ = process.communicate(timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    assert (process.returncode, told(output)["delivered"]) == (0, 0), output
    assert re.search(rf"told meanwhile, left out +{COUNT}$", output, re.MULTILINE), output
    assert len(target.ids) == COUNT
