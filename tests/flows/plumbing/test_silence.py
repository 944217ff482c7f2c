"""Silence counts only after the sender had every chance to speak."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.config_resolve import Resolve
from alerts.expiry import Due
from flows.chunk import Chunk
from flows.plumbing.keyed import DedupLogic
from flows.plumbing.silence import Clock, Reports, Silence
from flows.steps.dedup import Dedup
from flows.timers import Ending
from tests.support.events import FINGERPRINT, arrival

if TYPE_CHECKING:
    from collections.abc import Iterable

START_S = 1_764_000_000.0
ENDING = Ending(int(FINGERPRINT, 16), 5, 7)


@dataclass
class World:
    """A flow that has been reading for an hour, and its clocks."""

    is_behind: bool = False
    reading_s: float = 3600.0
    unread: set[int] = field(default_factory=set)
    is_held: bool = False
    room: int = 100
    wall_s: float = START_S
    steady_s: float = 5000.0
    handed: list[Due] = field(default_factory=list)
    asked: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reports = Reports(lambda: self.steady_s)

    def has_unread(self, partition: int) -> bool:
        return partition in self.unread

    def hand(self, dues: Iterable[Due]) -> None:
        self.handed += dues

    def silence(self) -> Silence:
        resolve = Resolve(timeout=timedelta(minutes=5), grace=timedelta(seconds=10))
        clock = Clock(lambda: self.wall_s, lambda: self.steady_s)
        return Silence(resolve, self, self, reports=self.reports, is_held=lambda: self.is_held, clock=clock)

    def due(self, now_ms: int, _again_ms: int, at_most: int) -> list[Ending]:
        self.asked.append((now_ms, at_most))
        return [ENDING]

    def later(self, seconds: float) -> None:
        self.wall_s += seconds
        self.steady_s += seconds


def test_what_is_due_is_handed_on_after_the_grace() -> None:
    world = World()
    assert world.silence().hand_on(2, world.due) == 0
    assert world.asked == [(int(START_S * 1000) - 10_000, 100)]
    assert world.handed == [Due(2, 7, FINGERPRINT, 5)]


@pytest.mark.parametrize(
    "world",
    [
        World(is_behind=True),
        World(reading_s=299.9),
        World(reading_s=0.0),
        World(unread={2}),
        World(is_held=True),
        World(room=0),
    ],
    ids=["behind", "just started", "no broker", "unread", "held", "full"],
)
def test_nothing_is_ended_and_it_looks_again_a_second_later(world: World) -> None:
    assert world.silence().hand_on(2, world.due) == int(START_S * 1000) + 1000
    assert world.asked == []


def test_unread_records_of_another_partition_are_no_reason_to_wait() -> None:
    world = World(unread={3})
    world.silence().hand_on(2, world.due)
    assert world.handed


@pytest.mark.parametrize("jump_s", [3.0, 7200.0, -7200.0])
def test_after_a_jump_of_the_clock_senders_have_the_resolve_timeout_to_speak(jump_s: float) -> None:
    world = World()
    silence = world.silence()
    world.wall_s += jump_s
    silence.hand_on(2, world.due)
    world.later(299)
    silence.hand_on(2, world.due)
    assert world.handed == []
    world.later(1)
    silence.hand_on(2, world.due)
    assert len(world.handed) == 1


def test_partition_that_could_not_be_read_or_written_gives_its_senders_the_resolve_timeout_to_speak() -> None:
    world = World()
    silence = world.silence()
    world.reports.failed(2)
    world.later(299)
    silence.hand_on(2, world.due)
    assert world.handed == []
    silence.hand_on(3, world.due)
    assert [due.partition for due in world.handed] == [3]
    world.later(1)
    silence.hand_on(2, world.due)
    assert [due.partition for due in world.handed] == [3, 2]


def test_clock_that_is_slowly_corrected_is_no_jump() -> None:
    world = World()
    world.later(3600)
    world.wall_s += 1.5
    world.silence().hand_on(2, world.due)
    assert world.handed


def test_partition_hands_on_what_nobody_repeated_until_it_comes_back_and_knows_it_after_a_restart() -> None:
    world = World(wall_s=1_764_000_000.0)
    logic = DedupLogic(Dedup(timedelta(hours=4)), None, world.silence())
    assert logic.notify_at() is None
    fires = arrival(ends_at="2025-11-24T16:01:00Z", at_ms=1_764_000_000_000)
    logic.on_batch([Chunk(3, [fires, fires], [], [(40, 1), (41, 1)])])
    logic = DedupLogic(Dedup(timedelta(hours=4)), logic.snapshot(), world.silence())
    notify_at = logic.notify_at()
    assert notify_at is not None
    assert notify_at.isoformat() == "2025-11-24T16:01:10+00:00"
    world.later(70)
    logic.on_notify()
    assert world.handed == [Due(3, 41, FINGERPRINT, 1_764_000_060_000)]
    world.later(30)
    logic.on_notify()
    assert len(world.handed) == 2
    world.reports.lose(world.handed[0])
    world.later(30)
    logic.on_notify()
    assert len(world.handed) == 2


def test_partition_that_may_not_end_anything_is_asked_again_a_second_later() -> None:
    world = World(is_behind=True)
    logic = DedupLogic(Dedup(timedelta(hours=4)), None, world.silence())
    logic.on_batch([Chunk(3, [arrival(ends_at="2025-11-24T15:00:00Z")], [], [(40, 1)])])
    logic.on_notify()
    notify_at = logic.notify_at()
    assert notify_at is not None
    assert notify_at.timestamp() == START_S + 1
