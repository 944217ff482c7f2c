"""Real children, small ones: each is a Python that prints, waits, or ends."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connectors.child import Command, Exited
from connectors.inbox import Inbox
from connectors.processes import Processes, Stop

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = timedelta(seconds=60)
WAIT = "import signal; print('up', flush=True); signal.pause()"
IGNORE = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAIT}"
# A parent that is shot while its grandchild still runs, as Granian's main process and its worker.
WITH_GRANDCHILD = (
    f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {WAIT!r}]); print(p.pid); {WAIT}"
)


class Screen:
    """What the children printed."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def __call__(self, name: str, line: str) -> None:
        self.lines.append((name, line))

    def wait_for(self, line: tuple[str, str]) -> None:
        until = time.monotonic() + PATIENCE.total_seconds()
        while line not in self.lines:
            assert time.monotonic() < until, self.lines
            select.select([], [], [], 0.01)


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def processes(screen: Screen) -> Iterator[Processes]:
    started = Processes(screen)
    yield started
    started.stop(timedelta(0))


def python(name: str, code: str, ready: str | None = None) -> Command:
    return Command(name, [sys.executable, "-u", "-c", code], ready)


def start(processes: Processes, *commands: Command) -> None:
    processes.start(commands, dict(os.environ))


def is_gone(pid: int) -> bool:
    """Whether it has ended; a zombie that nobody has collected yet has."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 it may vanish meanwhile
        return stat.read().rpartition(")")[2].split()[0] == "Z"
    return False


def wait_gone(pid: int) -> None:
    until = time.monotonic() + PATIENCE.total_seconds()
    while not is_gone(pid):
        assert time.monotonic() < until, f"{pid} is still there"
        select.select([], [], [], 0.01)


def test_lines_of_both_outputs_are_forwarded_under_the_name(processes: Processes, screen: Screen) -> None:
    start(processes, python("one", "import sys; print('a'); print('b', file=sys.stderr)"))
    processes.wait()
    assert screen.lines == [("one", "a"), ("one", "b")]


def test_death_of_one_is_told_with_status_and_last_lines(processes: Processes, screen: Screen) -> None:
    start(processes, python("lives", WAIT), python("dies", "print('oh no'); raise SystemExit(3)"))
    assert processes.wait() == Exited("dies", 3, ("oh no",))


def test_death_by_signal_is_told_as_such(processes: Processes) -> None:
    start(processes, python("dies", "import os; os.kill(os.getpid(), 9)"))
    event = processes.wait()
    assert isinstance(event, Exited)
    assert str(event) == "signal 9"


def test_stop_ends_all_by_sigterm(processes: Processes, screen: Screen) -> None:
    start(processes, python("one", WAIT), python("two", WAIT))
    screen.wait_for(("one", "up"))
    screen.wait_for(("two", "up"))
    assert processes.stop(PATIENCE) == []


def test_child_that_ignores_sigterm_is_killed_after_the_grace(processes: Processes, screen: Screen) -> None:
    start(processes, python("deaf", IGNORE), python("one", WAIT))
    screen.wait_for(("deaf", "up"))
    screen.wait_for(("one", "up"))
    assert processes.stop(timedelta(seconds=2)) == ["deaf"]


def test_second_request_to_stop_kills_at_once(processes: Processes, screen: Screen) -> None:
    start(processes, python("deaf", IGNORE))
    screen.wait_for(("deaf", "up"))
    processes.request_stop()
    assert processes.stop(PATIENCE) == ["deaf"]


def test_request_to_stop_ends_the_wait(processes: Processes) -> None:
    start(processes, python("one", WAIT))
    processes.request_stop()
    assert isinstance(processes.wait(), Stop)


def test_ready_when_every_url_answers_200(processes: Processes) -> None:
    with Inbox("127.0.0.1:0", lambda *_: None) as inbox:
        start(processes, python("one", WAIT, inbox.url))
        assert processes.wait_ready(PATIENCE) is None


def test_death_before_ready_ends_the_wait(processes: Processes) -> None:
    start(processes, python("dies", "raise SystemExit(1)", "http://127.0.0.1:1/"))
    assert processes.wait_ready(PATIENCE) == Exited("dies", 1, ())


def test_not_ready_in_time_names_the_process(processes: Processes) -> None:
    start(processes, python("slow", WAIT, "http://127.0.0.1:1/"))
    with pytest.raises(TimeoutError, match="slow is not ready"):
        processes.wait_ready(timedelta(milliseconds=200))


def test_grandchildren_end_with_their_parent(processes: Processes, screen: Screen) -> None:
    start(processes, python("family", WITH_GRANDCHILD))
    screen.wait_for(("family", "up"))
    grandchild = next(int(line) for _, line in screen.lines if line.isdigit())
    processes.stop(PATIENCE)
    wait_gone(grandchild)


def test_what_the_others_need_ends_when_they_have_ended(processes: Processes, screen: Screen) -> None:
    says = "import signal, sys, time; signal.signal(15, lambda *_: (print('gone'), sys.exit(0)))\nprint('up')\n"
    code = f"{says}time.sleep(60)"
    start(processes, python("needed", code)._replace(ends_last=True), python("one", code), python("two", code))
    for name in ("needed", "one", "two"):
        screen.wait_for((name, "up"))
    assert processes.stop(PATIENCE) == []
    screen.wait_for(("needed", "gone"))
    assert [name for name, line in screen.lines if line == "gone"][-1] == "needed"


def test_children_do_not_outlive_a_kill_of_the_supervisor() -> None:
    code = f"""
import os, sys
from connectors.child import Command
from connectors.processes import Processes
processes = Processes(lambda name, line: print(line, flush=True))
processes.start([Command("family", [sys.executable, "-u", "-c", {WITH_GRANDCHILD!r}])], dict(os.environ))
print(processes._children["family"].process.pid, flush=True)
processes.wait()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        pids: list[int] = []
        while len(pids) < 2:
            line = supervisor.stdout.readline().strip()
            assert line
            pids += [int(line)] if line.isdigit() else []
        supervisor.send_signal(signal.SIGKILL)
    for pid in pids:
        wait_gone(pid)
