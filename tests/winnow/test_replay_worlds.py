"""Whatever was decided about any history, a replay by the same configuration decides the same, wherever it begins.

`make worlds` tries a thousand of them.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, NamedTuple

import pytest

from alerts.advice import Advice, How
from alerts.instant import rfc3339
from flows.differences import Kind
from tests.support.advice import ANSWER
from tests.support.events import NOW_MS
from tests.support.past import MINUTE_MS, Event, Past, config, id_of, replayed
from tests.support.shelf import TOPICS
from winnow._recorded import Span

if TYPE_CHECKING:
    from random import Random

    from alerts.config import Config

WORLDS = int(os.environ.get("WINNOW_WORLDS", "50"))
GRACE_MS = 10_000
HOUR_MS = 60 * MINUTE_MS
RULES = [
    {"name": "night", "hours": {"start": "17:00", "end": "23:00"}},
    {"name": "stale", "started_before": "2h"},
    {"name": "old", "ended_before": "10m"},
    {"name": "disk", "when": 'alertname="A0"', "hours": {"start": "16:10", "end": "16:40"}},
]
LLM = {"base_url": "http://127.0.0.1:1/v1", "model": "small"}


class Sender(NamedTuple):
    """Who tells of an alert."""

    holds_ms: int | None
    """For how long what it says is to hold; None: it names no end."""
    starts_ms: int | None
    """Since when it says that the alert fires; None: since it last began."""
    ahead_ms: int
    """Of its gateway's clock."""


class Alert:
    """What is so of one alert."""

    def __init__(self, chosen: Random, gateways: list[int]) -> None:
        self.senders = [
            Sender(
                chosen.choice([None, 4 * MINUTE_MS, 5 * MINUTE_MS, 3 * HOUR_MS]),
                chosen.choice([None, None, NOW_MS - 10 * MINUTE_MS, NOW_MS - 50 * HOUR_MS, NOW_MS + HOUR_MS]),
                chosen.choice(gateways),
            )
            for _ in range(chosen.choice([1, 1, 2, 3]))
        ]
        self.is_firing = False
        self.since_ms = 0
        self.ends_ms: int | None = None
        """When silence ends it."""


class World:
    """Some alerts that fire, end, fall silent and cannot be read, until so many events came."""

    def __init__(self, chosen: Random, count: int) -> None:
        self.chosen = chosen
        self.window_minutes = chosen.choice([2, 5, 5, 30, 30, 240])
        gateways = chosen.choice([[0], [0], [0, 3000], [0, 90_000, -60_000], [0, 150_000, -149_000]])
        self.alerts = {f"A{number}": Alert(chosen, gateways) for number in range(chosen.randint(1, 6))}
        self.steps_ms = chosen.choice([[1000, 10_000, 30_000, 60_000, 60_000], [1000, 60_000, 5 * MINUTE_MS]])
        self.share_cut = chosen.choice([0, 0, 0.05])
        self.longest_ms = 0
        self.at_ms = NOW_MS
        self.events: list[Event] = []
        self._cut: list[Event] = []
        while len(self.events) < count:
            self._go_on()

    def _go_on(self) -> None:
        chosen = self.chosen
        is_pause = chosen.random() < 0.01
        self.at_ms += chosen.choice([1, 2, 3]) * self.window_minutes * MINUTE_MS if is_pause else 0
        self.at_ms += chosen.choice(self.steps_ms)
        name = chosen.choice(list(self.alerts))
        for other, alert in self.alerts.items():
            is_over = alert.ends_ms is not None and alert.ends_ms + GRACE_MS <= self.at_ms
            if is_over and chosen.random() < 0.7:  # else its sender comes first
                self._expire(other, alert)
        self._tell(name, self.alerts[name], chosen.choice(self.alerts[name].senders))
        if chosen.random() < self.share_cut:
            self._tell_cut()
        elif self._cut and chosen.random() < 0.05:
            cut = self._cut.pop()
            accepted_ms = cut.at_ms + cut.ahead_ms
            self.events.append(cut._replace(at_ms=self.at_ms, ahead_ms=accepted_ms - self.at_ms, is_cut=False))

    def _tell(self, name: str, alert: Alert, sender: Sender) -> None:
        resolves = alert.is_firing and self.chosen.random() < 0.12
        if not alert.is_firing:
            alert.since_ms = self.at_ms - self.chosen.choice([0, 30_000, 2 * MINUTE_MS])
        alert.is_firing = not resolves
        holds_ms = 0 if resolves else sender.holds_ms
        ends_ms = None if holds_ms is None else self._second(holds_ms)
        self.longest_ms = max(self.longest_ms, holds_ms or 0)
        if resolves or ends_ms is None:
            alert.ends_ms = None
        else:
            alert.ends_ms = max(ends_ms, alert.ends_ms or 0)
        event = Event(
            self.at_ms,
            name,
            "resolved" if resolves else "firing",
            rfc3339(alert.since_ms if sender.starts_ms is None else sender.starts_ms),
            None if ends_ms is None else rfc3339(ends_ms),
            ahead_ms=sender.ahead_ms,
            number=len(self.events),
        )
        self.events.append(event)

    def _tell_cut(self) -> None:
        """A new alert, whose first event goes to the quarantine and comes out of it one day."""
        name = f"C{len(self.alerts)}"
        self.alerts[name] = Alert(self.chosen, [0])
        self._tell(name, self.alerts[name], self.alerts[name].senders[0])
        self.events.append(self.events.pop()._replace(is_cut=True))
        self._cut.append(self.events[-1])

    def _second(self, from_now_ms: int) -> int:
        return -(-(self.at_ms + from_now_ms) // 1000) * 1000

    def _expire(self, name: str, alert: Alert) -> None:
        ends_ms = alert.ends_ms
        assert ends_ms is not None
        sender = self.chosen.choice(alert.senders)
        if self.chosen.random() < 0.2:  # it is told once more while the expiry is under way
            self._tell(name, alert, sender)
        if alert.ends_ms == ends_ms:
            alert.is_firing, alert.ends_ms = False, None
        starts_at = rfc3339(alert.since_ms if sender.starts_ms is None else sender.starts_ms)
        event = Event(
            self.at_ms, name, "resolved", starts_at, rfc3339(ends_ms), expired_ms=ends_ms, number=len(self.events)
        )
        self.events += [event] * self.chosen.choice([1, 1, 1, 2])


def _judging(chosen: Random, window_minutes: int) -> Config:
    sections: dict[str, object] = {"filter": chosen.sample(RULES, chosen.randint(0, 3))}
    if chosen.random() < 0.3:
        sections["classify"] = {"llm": LLM}
    return config(f"{window_minutes}m", **sections)


def _past(chosen: Random, judging: Config, events: list[Event]) -> Past:
    """A flow that was killed may have written some of it twice."""
    ids = {id_of(number, event) for number, event in enumerate(events)}
    said = {id_: Advice("a" * 16, How.ANSWERED, ANSWER) for id_ in sorted(ids) if chosen.random() < 0.5}
    past = Past(judging, events, said if judging.classify.llm else {})
    decisions = past.topics[TOPICS.decisions]
    if chosen.random() < 0.3:
        last = chosen.randrange(len(decisions))
        again = max(0, last - chosen.randrange(50))
        past.topics[TOPICS.decisions] = decisions[:last] + decisions[again:]
    return past


@pytest.mark.parametrize("seed", range(WORLDS))
def test_same_configuration_decides_the_same_wherever_it_begins(seed: int) -> None:
    chosen = random.Random(seed)
    world = World(chosen, 300)
    judging = _judging(chosen, world.window_minutes)
    past = _past(chosen, judging, world.events)
    length_ms = world.at_ms - NOW_MS
    for _ in range(4):
        since_ms = NOW_MS + chosen.randrange(1, length_ms)
        until_ms = chosen.choice([2**62, since_ms + chosen.randrange(1, length_ms)])
        warm_ms = since_ms - 2 * world.window_minutes * MINUTE_MS - chosen.choice([0, 0, 1, HOUR_MS])
        found = replayed(past, judging, Span(warm_ms, since_ms, until_ms))
        assert (found.found, found.not_recorded, found.not_kept) == ([], 0, 0), (since_ms, until_ms, warm_ms)
        assert found.before().plain() == found.after().plain()
        if world.longest_ms <= 2 * world.window_minutes * MINUTE_MS:  # what holds longer needs the warm-up
            short = replayed(past, judging, Span(since_ms, since_ms, until_ms))
            # What an alert that could not be read was counted stands in no decision.
            allowed = {(Kind.OTHER_DETAIL,)} if world.share_cut else set()
            assert {one.kinds for one in short.found} <= allowed, (since_ms, until_ms)
            assert (short.not_recorded, short.not_kept) == (0, 0)
