"""Finding a process that a benchmark has started."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.processes import find, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

WAITS = "import sys; sys.stdin.read()"


def found(argument: str) -> int | None:
    """Its arguments can be read a moment after it was started."""
    wait_for(lambda: find(argument) is not None, f"{argument} can be seen")
    return find(argument)


@pytest.fixture
def child() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", WAITS, "flows.example"], stdin=subprocess.PIPE) as process:
        yield process.pid


def test_child_is_found_by_one_of_its_arguments(child: int) -> None:
    assert found("flows.example") == child


def test_part_of_an_argument_finds_nothing(child: int) -> None:
    assert found("flows.example") == child
    assert find("flows") is None


def test_child_of_a_child_is_found() -> None:
    command = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WAITS!r}, 'flows.inner'])"
    with subprocess.Popen([sys.executable, "-c", command], stdin=subprocess.PIPE) as outer:
        assert found("flows.inner") not in {None, outer.pid}


def test_without_an_argument_it_is_this_process() -> None:
    assert find(None) == os.getpid()
