"""What is said of the machine that was measured on."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.machine import facts, line


def test_facts_name_what_changes_figures() -> None:
    found = facts()
    assert {"python", "cpu", "cores", "kernel", "date", "commit"} <= found.keys()
    assert all(found.values())
    assert datetime.fromisoformat(str(found["date"])).tzinfo is UTC


def test_facts_say_nothing_of_whose_machine_it_is() -> None:
    text = line(facts())
    assert platform.node() not in text
    assert str(Path(__file__).parents[2]) not in text
