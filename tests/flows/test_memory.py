"""The packed memory of dedup behaves as a dict of entries from which the old ones are taken out."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from alerts.errors import FormatError
from flows.memory import COUNT_MAX, TURN_MAX, Entry, Memory

KEYS = st.integers(0, 5) | st.just(2**64 - 1)
MOMENTS = st.integers(0, 20)


def entry(key: int, passed_ms: int = 0) -> Entry:
    return Entry(key, passed_ms, -62_135_596_800_000, -5, 1, COUNT_MAX, 3)


class Remembered(RuleBasedStateMachine):
    """Memory beside a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory()
        self.known: dict[int, Entry] = {}

    @rule(key=KEYS, at_ms=MOMENTS)
    def put(self, key: int, at_ms: int) -> None:
        self.memory.put(entry(key, at_ms))
        self.known[key] = entry(key, at_ms)

    @rule(until_ms=MOMENTS)
    def sweep_all(self, until_ms: int) -> None:
        # Up to the last row, that part again after rows moved into it, then from the first, and its moved rows.
        for _ in range(4):
            self.memory.sweep(len(self.memory), until_ms)
        self.known = {key: one for key, one in self.known.items() if one.passed_ms > until_ms}

    @rule(count=st.integers(1, 3), until_ms=MOMENTS)
    def sweep_a_little(self, count: int, until_ms: int) -> None:
        self.memory.sweep(count, until_ms)
        gone = {key: one for key, one in self.known.items() if self.memory.get(key) is None}
        assert all(one.passed_ms <= until_ms for one in gone.values())
        assert len(gone) <= count
        self.known = {key: one for key, one in self.known.items() if key not in gone}

    @rule()
    def resume(self) -> None:
        self.memory = Memory(self.memory.packed())

    @invariant()
    def agrees(self) -> None:
        assert len(self.memory) == len(self.known)
        for key in [*range(6), 2**64 - 1]:
            assert self.memory.get(key) == self.known.get(key)


TestRemembered = Remembered.TestCase


def test_sweep_comes_by_every_row_however_few_it_looks_at() -> None:
    memory = Memory()
    for key in range(10):
        memory.put(entry(key))
    for _ in range(5):
        memory.sweep(2, 0)
    assert len(memory) == 0


def test_cut_rows_are_refused() -> None:
    memory = Memory()
    memory.put(entry(1))
    with pytest.raises(FormatError, match="32 bytes each"):
        Memory(memory.packed()[:-1])


def test_what_is_packed_does_not_change_with_the_memory() -> None:
    memory = Memory()
    memory.put(entry(1))
    packed = memory.packed()
    memory.put(entry(1, passed_ms=9))
    assert Memory(packed).get(1) == entry(1)


def test_turns_and_counts_beyond_what_a_row_holds_stay_at_its_limit() -> None:
    memory = Memory()
    memory.put(Entry(1, 0, 0, 2**40, 10**6, 10**6, 1))
    memory.put(Entry(2, 0, 0, -(2**40), 0, 0, 1))
    assert memory.get(1) == Entry(1, 0, 0, TURN_MAX, COUNT_MAX, COUNT_MAX, 1)
    assert memory.get(2) == Entry(2, 0, 0, -TURN_MAX, 0, 0, 1)
