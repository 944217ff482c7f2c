"""Starts what is measured as processes of its own, pinned to a core, and reads what CPU they used."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[-1], CORES[0]


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    arguments: list[str], environment: Mapping[str, str], core: int | None, program: str = sys.executable
) -> Iterator[int]:
    """A process, Python unless another `program` is named, by its id; killed with all its children at the end."""
    process = subprocess.Popen(
        [program, *arguments],
        env={**os.environ, **environment},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if core is not None:
        os.sched_setaffinity(process.pid, {core})
    try:
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def cpu_s(pid: int) -> float:
    """CPU seconds used so far by a process and its children, user and system."""
    total = 0.0
    for found in [pid, *children(pid)]:
        fields = Path(f"/proc/{found}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
    return total


def find(argument: str | None) -> int | None:
    """The first process started by this one, or by those, that has this among its arguments; None: this one itself.

    Returns:
        Its id; None if there is no such process now.
    """
    if argument is None:
        return os.getpid()
    with contextlib.suppress(OSError):  # one has ended meanwhile
        for pid in children(os.getpid()):
            if argument in Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0"):
                return pid
    return None


def children(pid: int) -> list[int]:
    """All that a process has started, and those have."""
    text = "".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    direct = [int(child) for child in text.split()]
    return direct + [grandchild for child in direct for grandchild in children(child)]


def wait_for(is_true: Callable[[], bool], what: str, at_most_s: float = 60.0) -> None:
    """Wait until it is.

    Raises:
        TimeoutError: It never was.
    """
    deadline = time.monotonic() + at_most_s
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} within {at_most_s:g} s")
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether this URL answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=1) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False
