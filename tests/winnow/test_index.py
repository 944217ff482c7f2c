"""What the index of names says of a name, and that nothing is hidden by it whatever befalls who writes it."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts.record import Stored
from flows.chunk import Chunk
from flows.names import Names
from tests.support.events import arrival
from winnow._index import LOOK_BACK, Index

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
BEGIN_MS = 482_000 * HOUR_MS
UP_TO_NOW = float("inf")
Step = tuple[str, int]
A, B = ("decide", 0), ("decide", 1)


def told(hours: float, *names: str, since: float = 0, any_name: bool = False) -> Stored:
    """A record of partition 3, so many hours after the begin."""
    at_ms = BEGIN_MS + int(hours * HOUR_MS)
    row = {"partition": 3, "since_ms": BEGIN_MS + int(since * HOUR_MS), "at_ms": at_ms}
    value = json.dumps({"v": 1, **row, "names": None if any_name else names})
    return Stored(0, 0, at_ms, value.encode())


def spans(*records: Stored, begin: float = 2, name: str | None = "A", partition: int = 3) -> list[tuple[float, float]]:
    """In hours after the begin, when that name may have been decided."""
    index = Index(name)
    for record in records:
        index.take(record)
    begin_ms = BEGIN_MS + begin * HOUR_MS
    found = sorted([*index.named(partition, begin_ms), *index.unknown(partition, begin_ms)])
    return [((first - BEGIN_MS) / HOUR_MS, (last - BEGIN_MS) / HOUR_MS) for first, last in found]


def test_what_was_told_whole_is_left_out_but_for_a_quarter_of_an_hour_at_its_end() -> None:
    assert spans(told(0, "B"), told(9, "B")) == [(8.75, UP_TO_NOW)]


def test_hour_of_a_name_is_in_it_with_a_quarter_before_and_after() -> None:
    assert spans(told(0, "B"), told(5.9, "A"), told(9)) == [(4.75, 6.25), (8.75, UP_TO_NOW)]
    assert spans(told(0, "B"), told(5.9, "A"), told(9), begin=6) == [(6, 6.25), (8.75, UP_TO_NOW)]
    assert spans(told(0, "B"), told(5.9, "A"), told(6, "A"), told(9), begin=7.3) == [(8.75, UP_TO_NOW)]


def test_hour_of_more_names_than_are_kept_may_have_any() -> None:
    assert spans(told(0, "B"), told(5, any_name=True), told(9)) == [(4.75, 6.25), (8.75, UP_TO_NOW)]
    assert spans(told(0, "B"), told(5, "A"), told(9), name=None) == [(8.75, UP_TO_NOW)]


def test_what_was_decided_between_two_processes_is_in_it() -> None:
    assert spans(told(0), told(5), told(7, since=6.5), told(9, since=6.5)) == [(4.75, 6.75), (8.75, UP_TO_NOW)]


def test_hour_after_the_first_record_that_is_kept_is_in_it() -> None:
    assert spans(told(4.5, since=-100), told(9, since=-100)) == [(2, 5.75), (8.75, UP_TO_NOW)]


def test_partition_of_which_nothing_is_told_is_in_it() -> None:
    assert spans(told(0), told(9), partition=4) == spans() == [(2, UP_TO_NOW)]


@pytest.mark.parametrize(
    "value",
    [
        b"garbage",
        b"[]",
        b'{"v": 2, "partition": 3, "since_ms": 0, "at_ms": 1764000000000, "names": []}',
        b'{"v": 1, "partition": 3, "since_ms": 0, "at_ms": 1e30, "names": []}',
        b'{"v": 1, "partition": 3, "since_ms": 0, "at_ms": 1764000000000, "names": [1]}',
        b'{"v": 1, "partition": [], "since_ms": 0, "at_ms": 1764000000000, "names": []}',
    ],
)
def test_record_that_is_none_says_nothing(value: bytes) -> None:
    foreign = Stored(0, 0, BEGIN_MS, value)
    assert spans(foreign) == [(2, UP_TO_NOW)]
    assert spans(foreign, told(0), told(9)) == [(8.75, UP_TO_NOW)]


def test_names_are_those_that_were_told() -> None:
    index = Index()
    for record in (told(0, "A", "B"), told(1), told(2, "C"), told(3, any_name=True)):
        index.take(record)
    assert index.names == {"A", "B", "C"}


class Written(NamedTuple):
    """What lies in Kafka."""

    at_ms: int
    true_ms: int
    """By a clock that nobody sets."""
    value: str


class World:
    """A flow that writes the decisions of one partition, and names beside them; its clock goes as a test says."""

    def __init__(self) -> None:
        self.clock_ms = self.true_ms = BEGIN_MS
        self.decisions: list[Written] = []
        self.records: list[Written] = []
        self.names = self._started()

    def _started(self) -> Names:
        return Names("names", lambda: self.clock_ms)

    def do(self, word: str, count: int) -> None:
        match word:
            case "pass":
                self._go(count)
            case "set":
                self.clock_ms += count * MINUTE_MS
            case "decide":
                self._decide("ABC"[count % 3], late=count % 6)
            case "older":  # for a while, in the place of this one
                self.decisions.append(Written(self.clock_ms, self.true_ms, "ABC"[count % 3]))
                self.names = self._started()
            case "kill":  # before it decides what it told of, and some of what was told last was not sent yet
                self._tell("ABC"[count % 3])
                self.records = [one for one in self.records if one.true_ms <= self.true_ms - count % 6 * MINUTE_MS]
                self.names = self._started()

    def _go(self, minutes: int) -> None:
        self.clock_ms += minutes * MINUTE_MS
        self.true_ms += minutes * MINUTE_MS

    def _tell(self, name: str) -> None:
        for _, message in self.names.of_chunk(Chunk(3, [arrival(name=name)], [], [])):
            self.records.append(Written(self.clock_ms, self.true_ms, message.value.decode()))

    def _decide(self, name: str, late: int) -> None:
        self._tell(name)
        self._go(late)
        self.decisions.append(Written(self.clock_ms, self.true_ms, name))

    def hidden(self, since_ms: int) -> list[Written]:
        """The decisions about A from that moment on that are in no span."""
        index = Index("A")
        for one in self.records[_place(self.records, since_ms - LOOK_BACK.total_seconds() * 1000) :]:
            index.take(Stored(0, 0, one.at_ms, one.value.encode()))
        read: list[int] = []
        for begin, end in (*index.named(3, since_ms), *index.unknown(3, since_ms)):
            read += range(_place(self.decisions, begin), _place(self.decisions, end))
        assert len(read) == len(set(read)), "nothing is read twice"
        places = range(_place(self.decisions, since_ms), len(self.decisions))
        return [self.decisions[place] for place in places if self.decisions[place].value == "A" and place not in read]


def _place(log: list[Written], at_ms: float) -> int:
    """As Kafka finds it: the first that is as new as that."""
    return next((place for place, one in enumerate(log) if one.at_ms >= at_ms), len(log))


def _steps(*words: str) -> st.SearchStrategy[list[Step]]:
    passing = st.tuples(st.just("pass"), st.integers(0, 200))
    setting = st.tuples(st.just("set"), st.integers(-300, 300))
    others = st.tuples(st.sampled_from(["decide", *words]), st.integers(0, 60))
    return st.lists(passing | others | (setting if "set" in words else others), max_size=40)


@settings(max_examples=300)
@given(_steps("kill", "older"), st.integers(0, 2000))
@example([B, ("pass", 90), A, ("pass", 1), ("kill", 5), ("older", 0), B, ("pass", 60), B], 0)
def test_no_decision_is_hidden_by_kills_lost_names_or_an_older_winnow(steps: list[Step], minutes: int) -> None:
    world = World()
    for word, count in steps:
        world.do(word, count)
    assert world.hidden(BEGIN_MS + minutes * MINUTE_MS) == []


@settings(max_examples=300)
@given(_steps("kill", "set"), st.integers(-2000, 2000))
@example([B, ("pass", 330), B, ("set", -120), A, ("pass", 180), B, ("pass", 60), B], 0)
@example([B, ("pass", 90), B, ("set", 180), ("kill", 6), ("set", -180), A, ("pass", 200), B], 0)
def test_no_decision_is_hidden_by_a_clock_that_is_set(steps: list[Step], minutes: int) -> None:
    world = World()
    for word, count in steps:
        world.do(word, count)
    assert world.hidden(BEGIN_MS + minutes * MINUTE_MS) == []
