"""Flame graphs of what benchmarks start."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from benchmarks.parts import PARTS
from benchmarks.profile import MODULES, Spy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY = "def burn():\n    while True:\n        sum(range(1000))\nburn()"


@pytest.fixture
def busy() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", BUSY])
    yield process.pid
    process.kill()
    process.wait()


def looked_at(pid: int | None, picture: Path) -> Spy:
    """A spy that is done, which it tells as Ctrl-C does."""
    spy = Spy(lambda: pid, ["--duration", "1", "--output", str(picture)])

    def look() -> None:
        spy.start()
        spy.join()

    with pytest.raises(KeyboardInterrupt):
        look()
    return spy


def test_process_of_every_part_is_known() -> None:
    assert MODULES.keys() == PARTS.keys()


def test_picture_shows_what_a_process_does(busy: int, tmp_path: Path) -> None:
    picture = tmp_path / "busy.svg"
    spy = looked_at(busy, picture)
    if spy.failure is not None and "permission" in spy.failure.lower():
        pytest.skip(f"this user may not trace processes: {spy.failure}")
    assert spy.failure is None
    assert spy.is_done
    assert ET.parse(picture).getroot().tag.endswith("svg")
    assert "burn" in picture.read_text()


def test_process_that_is_gone_ends_the_benchmark_with_a_reason(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    spy = looked_at(gone.pid, tmp_path / "gone.svg")
    assert spy.failure
    assert spy.is_done
