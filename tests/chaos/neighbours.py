"""How long a healthy target waits while three others hang, answer 429 and refuse, against the same target alone.

The two take turns, and the median of the turns counts, so that what else the machine does meets both alike. What the
three were sent waits on while the healthy one has its turn alone, as it would after an outage.
"""

from __future__ import annotations

import http.client
import itertools
import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

import orjson

from alerts.instant import rfc3339
from tests.chaos.receivers import Mood
from tests.chaos.settings import STEADY, Settings
from tests.chaos.world import World
from tests.support.product import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_RATE = 100.0
_WARM_UP_S = 10.0
_TURN_S = 10.0
_TURNS = 5
_AT_MOST = 1.2
_ARRIVE_S = 60.0
_SICK = {"hook": Mood.HANG, "pager": Mood.LIMIT}
_REFUSING = "root"


class Turn(NamedTuple):
    """Milliseconds from the POST to the arrival."""

    alone: list[float]
    beside: list[float]


def p99(values: list[float]) -> float:
    """The 99th percentile."""
    return sorted(values)[int(len(values) * 0.99)]


def measure(settings: Settings, folder: Path, say: Callable[[str], None]) -> bool:
    """Measure and print; whether it is within the bound."""
    with World(settings._replace(away=(_REFUSING,)), folder, is_fed=False) as world:
        numbers = itertools.count()
        _phase(world, numbers, ("none",), _WARM_UP_S)
        world.receivers.moods.update(_SICK)
        turns = [_turn(world, numbers) for _ in range(_TURNS)]
        refused = sum(note.target in _SICK for note in world.receivers.notes)
    alone_ms = [p99(turn.alone) for turn in turns]
    beside_ms = [p99(turn.beside) for turn in turns]
    for name, values in (("alone", alone_ms), ("beside them", beside_ms)):
        say(f"{name:>12}: p99 of each turn {', '.join(f'{value:.1f}' for value in values)} ms")
    ratio = statistics.median(beside_ms) / statistics.median(alone_ms)
    say(f"sick neighbours got {refused:,} requests; the median p99 beside them is {ratio:.2f} times that alone")
    return ratio <= _AT_MOST


def _turn(world: World, numbers: itertools.count[int]) -> Turn:
    alone = _phase(world, numbers, ("none",), _TURN_S)
    return Turn(alone, _phase(world, numbers, (*_SICK, _REFUSING), _TURN_S))


def _phase(world: World, numbers: itertools.count[int], watches: Sequence[str], seconds: float) -> list[float]:
    """Send new alerts at a steady rate, wait for all at the healthy target; how long each took."""
    connection = http.client.HTTPConnection("127.0.0.1", world.gateway_port)
    sent: dict[str, float] = {}
    began = time.monotonic()
    for count in range(int(seconds * _RATE)):
        time.sleep(max(0.0, began + count / _RATE - time.monotonic()))
        name = f"alert-{next(numbers)}"
        sent[name] = time.monotonic()
        connection.request("POST", "/webhook/proxy", _body(name, watches[count % len(watches)]))
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 202, f"the gateway answered {answer.status}"
    connection.close()
    arrived: dict[str, float] = {}

    def is_complete() -> bool:
        for note in world.receivers.notes[:]:
            if note.target == STEADY and note.spoken.name in sent:
                arrived.setdefault(note.spoken.name, note.at)
        return len(arrived) == len(sent)

    wait_for(is_complete, "all notifications arrive", _ARRIVE_S)
    return [(at - sent[name]) * 1000 for name, at in arrived.items()]


def _body(name: str, watch: str) -> bytes:
    labels = {"alertname": "Chaos", "instance": name, "team": "t", "watch": watch, "severity": "warning"}
    alert = {"status": "firing", "labels": labels, "startsAt": rfc3339(time.time_ns() // 1_000_000)}
    return orjson.dumps({"receiver": "chaos", "version": "4", "alerts": [alert]})
