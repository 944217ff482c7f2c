"""The wheel finds what is due and nothing else, however rows move, renew and are resolved."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from alerts.errors import FormatError
from flows.memory import Entry, Memory
from flows.timers import Ending, Timers

KEYS = st.integers(0, 5) | st.just(2**64 - 1)
AGAIN_MS = 30_000


def timed(*ends_ms: int) -> Timers:
    """Row n is the alert with fingerprint n."""
    timers = Timers()
    for number, end_ms in enumerate(ends_ms):
        timers.put(number, number, end_ms, 100 + number)
    return timers


def due(timers: Timers, now_ms: int, at_most: int = 100) -> list[int]:
    return [ending.key for ending in timers.due(now_ms, AGAIN_MS, at_most, lambda key: key)]


def test_alert_is_due_from_the_first_full_second_after_its_end() -> None:
    timers = timed(10_001)
    assert timers.next_ms() == 11_000
    assert due(timers, 10_999) == []
    assert timers.due(11_000, AGAIN_MS, 100, lambda key: key) == [Ending(0, 11_000, 100)]


def test_renewed_alert_is_due_at_its_later_end_only() -> None:
    timers = timed(10_000)
    timers.put(0, 0, 20_000, 7)
    assert due(timers, 19_999) == []
    assert timers.due(20_000, AGAIN_MS, 100, lambda key: key) == [Ending(0, 20_000, 7)]


def test_latest_of_several_ends_holds_as_in_alertmanager() -> None:
    timers = timed(20_000)
    timers.put(0, 0, 10_000, 7)
    assert timers.ends_ms(0) == 20_000
    assert due(timers, 10_000) == []


def test_what_was_handed_on_is_due_again_until_it_is_resolved() -> None:
    timers = timed(10_000)
    assert due(timers, 10_000) == [0]
    assert due(timers, 10_000 + AGAIN_MS - 1) == []
    assert due(timers, 10_000 + AGAIN_MS) == [0]
    timers.clear(0)
    assert due(timers, 10_000 + 9 * AGAIN_MS) == []
    assert timers.next_ms() is None


def test_alert_that_fires_again_with_an_earlier_end_is_due_at_that() -> None:
    timers = timed(90_000)
    timers.clear(0)
    timers.put(0, 0, 10_000, 5)
    assert due(timers, 10_000) == [0]


def test_alert_that_flaps_stands_in_the_wheel_once() -> None:
    timers = timed(10_000)
    for _ in range(50):
        timers.clear(0)
        timers.put(0, 0, 10_000, 5)
    assert due(timers, 10_000) == [0]


def test_firing_without_an_end_holds_until_an_end_is_said_again() -> None:
    timers = timed(10_000)
    timers.hold(0)
    assert due(timers, 10_000) == []
    assert timers.ends_ms(0) > 4 * 10**12
    timers.put(0, 0, 20_000, 5)
    assert due(timers, 20_000) == [0]


@pytest.mark.parametrize("ends_ms", [0, -1000, -62_135_596_800_000, (2**32 - 1) * 1000, 253_402_300_799_999])
def test_end_that_is_no_moment_to_wait_for_is_none(ends_ms: int) -> None:
    timers = timed(10_000)
    timers.put(0, 0, ends_ms, 5)
    assert due(timers, 10**15) == []


def test_so_many_are_looked_at_and_the_rest_is_due_at_once() -> None:
    timers = timed(*[10_000] * 10)
    first = due(timers, 10_000, at_most=4)
    assert len(first) == 4
    assert timers.next_ms() == 10_000
    assert sorted(first + due(timers, 10_000)) == list(range(10))


def test_alerts_without_an_end_take_no_room() -> None:
    timers = Timers()
    timers.hold(5)
    timers.clear(5)
    timers.drop(5, 5)
    assert timers.packed() == b""
    assert not timers.is_used


def test_packed_timers_come_back_and_are_due_as_before() -> None:
    timers = Timers(timed(10_000, 20_000).packed(), [0, 1])
    assert due(timers, 10_000) == [0]
    assert due(timers, 20_000) == [1]


def test_cut_rows_are_refused() -> None:
    with pytest.raises(FormatError, match="8 bytes each"):
        Timers(b"x" * 17)


def test_more_timers_than_alerts_are_refused() -> None:
    with pytest.raises(FormatError, match="more timers"):
        Memory(b"", timed(10_000).packed())


@pytest.mark.parametrize("newest", [2**32 + 5, 2**32 * 7, 2**33 - 1])
def test_offset_is_the_one_that_was_told_also_past_four_billion_records(newest: int) -> None:
    timers = Timers()
    offsets = [newest - 2**31, newest - 1, newest]
    for number, offset in enumerate(offsets):
        timers.put(number, number, 10_000, offset)
    timers = Timers(timers.packed(), range(3))
    assert sorted(one.offset for one in timers.due(10_000, AGAIN_MS, 9, lambda key: key)) == offsets


class Wheel(RuleBasedStateMachine):
    """A memory with timers beside a dict of ends, in seconds from 0."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory()
        self.ends: dict[int, int] = {}
        self.now_ms = 0

    @rule(key=KEYS, after_ms=st.integers(1, 10) | st.integers(1, 5000))
    def fire(self, key: int, after_ms: int) -> None:
        self.memory.put(Entry(key, self.now_ms, 0, 0, 1, 0, 1))
        number = self.memory.number(key)
        assert number is not None
        self.memory.timers.put(number, key, self.now_ms + after_ms, 1)
        ends_ms = -(-(self.now_ms + after_ms) // 1000) * 1000
        self.ends[key] = max(self.ends.get(key, 0), ends_ms)

    @rule(key=KEYS)
    def fire_without_an_end(self, key: int) -> None:
        self.memory.put(Entry(key, self.now_ms, 0, 0, 1, 0, 1))
        number = self.memory.number(key)
        assert number is not None
        self.memory.timers.hold(number)
        self.ends.pop(key, None)

    @rule(key=KEYS)
    def resolve(self, key: int) -> None:
        number = self.memory.number(key)
        if number is not None:
            self.memory.timers.clear(number)
        self.ends.pop(key, None)

    @rule(after_ms=st.integers(0, 3000))
    def wait(self, after_ms: int) -> None:
        self.now_ms += after_ms
        found = self.memory.timers.due(self.now_ms, 1000, 1000, self.memory.number)
        assert len({ending.key for ending in found}) == len(found)
        assert all(self.ends[ending.key] == ending.ends_ms <= self.now_ms for ending in found)

    @rule()
    def sweep(self) -> None:
        for _ in range(4):
            self.memory.sweep(10, self.now_ms)

    @rule()
    def resume(self) -> None:
        self.memory = Memory(self.memory.packed(), self.memory.timers.packed())

    @invariant()
    def agrees(self) -> None:
        for key in [*range(6), 2**64 - 1]:
            number = self.memory.number(key)
            is_timed = number is not None and self.memory.timers.is_timed(number)
            assert is_timed == (key in self.ends)
            if number is not None and is_timed:
                assert self.memory.timers.ends_ms(number) == self.ends[key]

    def teardown(self) -> None:
        """Whatever happened, whatever has an end is due some time."""
        found = self.memory.timers.due(self.now_ms + 10**9, 10**12, 10**6, self.memory.number)
        assert {ending.key for ending in found} == self.ends.keys()


TestWheel = Wheel.TestCase
