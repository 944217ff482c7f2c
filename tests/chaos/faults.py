"""What breaks, and when: for each victim a thread that draws from the seed what happens to it next."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING

from tests.chaos.receivers import Mood
from tests.chaos.settings import KINDS, STEADY, TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.chaos.process import Supervised
    from tests.chaos.world import World

_BACK_TIMEOUT_S = 45.0
_PAUSE_S = (TIMEOUT_S + 1.0, TIMEOUT_S + 4.0)
# Less than any snapshot takes.
_FULL_BYTES = 16 * 1024


class Fault(StrEnum):
    """What can happen."""

    KILL = "kill -9"
    KILL_IN_SNAPSHOT = "kill -9 during a snapshot"
    KILL_AT_START = "kill -9 during start"
    PAUSE = "SIGSTOP"
    DISK_FULL = "recovery disk full"
    COLD_START = "kill -9, recovery directory deleted"
    MOOD = "receiver"


KILLS = frozenset({Fault.KILL, Fault.KILL_IN_SNAPSHOT, Fault.KILL_AT_START, Fault.COLD_START})

_FLOW = {
    Fault.KILL: 5, Fault.KILL_IN_SNAPSHOT: 5, Fault.KILL_AT_START: 2, Fault.PAUSE: 2, Fault.DISK_FULL: 1,
    Fault.COLD_START: 1,
}  # fmt: skip
_GATEWAY = {Fault.KILL: 5, Fault.KILL_AT_START: 1, Fault.PAUSE: 1}
_BROKER = {Fault.KILL: 1, Fault.PAUSE: 1}
_MOODS = {Fault.MOOD: 1}
PLANS: dict[str, Mapping[Fault, int]] = {"flow": _FLOW, "gateway": _GATEWAY, "broker": _BROKER}
"""By victim: what happens to it, and how often against the others."""
PLANS |= {name: _MOODS for name in KINDS if name != STEADY}
_GAPS_S = {"flow": 4.0, "gateway": 4.0, "broker": 40.0}
_MOOD_GAP_S = 12.0


class Faults:
    """Breaks things until it is stopped."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.count = Counter[tuple[str, Fault]]()
        """By victim."""
        self.kills = Counter[str]()
        """By victim: how often kill -9 was sent."""
        self.failures: list[str] = []
        """What the harness itself could not do; there should be nothing."""
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=plan, daemon=True) for plan in PLANS.items()]

    @property
    def is_every_kind_done(self) -> bool:
        """Whether each victim has met each of its faults."""
        return len(self.count) == sum(len(plan) for plan in PLANS.values())

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def guarded(self, disturb: Callable[[], None]) -> None:
        """Break something in a way of its own; what it raises is a failure of the harness."""
        try:
            disturb()
        except Exception as error:  # noqa: BLE001 the run goes on; the report says so
            self.failures.append(f"{type(error).__name__}: {error}")

    def stop(self) -> None:
        """Let what is broken be repaired, and break nothing more."""
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(_BACK_TIMEOUT_S * 2)

    def _run(self, victim: str, plan: Mapping[Fault, int]) -> None:
        settings = self._world.settings
        random = Random(f"{settings.seed}/{victim}")
        gap_s = _GAPS_S.get(victim, _MOOD_GAP_S) / settings.pace
        # The first round has every kind once, so that a short run has too.
        first = random.sample(list(plan), len(plan))
        while not self._stopping.wait(random.uniform(0.2, 1.8) * gap_s):
            fault = first.pop() if first else random.choices(list(plan), list(plan.values()))[0]
            try:
                self._break(victim, fault, random)
            except Exception as error:  # noqa: BLE001 the run goes on; the report says so
                self.failures.append(f"{victim}: {fault}: {type(error).__name__}: {error}")

    def _break(self, victim: str, fault: Fault, random: Random) -> None:
        self.count[victim, fault] += 1
        if victim == "broker":
            self._break_broker(fault, random)
        elif fault is Fault.MOOD:
            self._spoil(victim, random)
        else:
            self._break_process(getattr(self._world, victim), fault, random)

    def _spoil(self, target: str, random: Random) -> None:
        mood = random.choice([mood for mood in Mood if mood is not Mood.WELL])
        hold_s = random.uniform(1, 8)
        self._world.log("receiver", target=target, mood=repr(mood.value), for_s=f"{hold_s:.1f}")
        self._world.receivers.moods[target] = mood
        self._stopping.wait(hold_s)
        self._world.receivers.moods[target] = Mood.WELL

    def _break_broker(self, fault: Fault, random: Random) -> None:
        broker = self._world.broker
        away_s = random.uniform(1, 6)
        self._world.log("broker", fault=repr(fault.value), for_s=f"{away_s:.1f}")
        if fault is Fault.KILL:
            self.kills["broker"] += 1
            broker.kill()
            time.sleep(away_s / 2)
            broker.start()
        else:
            broker.pause()
            time.sleep(away_s)
            broker.resume()
        self._world.log("broker", back="yes")

    def _break_process(self, process: Supervised, fault: Fault, random: Random) -> None:
        self._world.log(process.command.name, fault=repr(fault.value))
        lives = len(process.lives)
        ways: dict[Fault, Callable[[Supervised, Random], None]] = {
            Fault.KILL: self._kill,
            Fault.KILL_IN_SNAPSHOT: self._kill_in_snapshot,
            Fault.KILL_AT_START: self._kill_at_start,
            Fault.PAUSE: self._pause,
            Fault.DISK_FULL: self._fill_disk,
            Fault.COLD_START: self._cold_start,
        }
        ways[fault](process, random)
        if fault in KILLS:
            _wait(lambda: len(process.lives) > lives, 5.0)
        _wait(process.is_ready, _BACK_TIMEOUT_S)
        self._world.log(process.command.name, ready=process.is_ready(), lives=len(process.lives))

    def _kill(self, process: Supervised, _: Random) -> None:
        self.kills[process.command.name] += 1
        process.signal(signal.SIGKILL)

    def _kill_in_snapshot(self, process: Supervised, random: Random) -> None:
        before = self._state_changed_ns()
        _wait(lambda: self._state_changed_ns() != before, 5.0, 0.001)
        time.sleep(random.choice([0.0, 0.001, 0.004]))
        self._kill(process, random)

    def _state_changed_ns(self) -> int:
        with suppress(OSError):
            return max((path.stat().st_mtime_ns for path in self._world.state.iterdir()), default=0)
        return 0

    def _kill_at_start(self, process: Supervised, random: Random) -> None:
        for _ in range(2):
            lives = len(process.lives)
            self._kill(process, random)
            _wait(lambda lives=lives: len(process.lives) > lives, 5.0)  # type: ignore[misc]
            time.sleep(random.uniform(0.1, 3.0))
        self._kill(process, random)

    def _pause(self, process: Supervised, random: Random) -> None:
        process.signal(signal.SIGSTOP)
        time.sleep(random.uniform(*_PAUSE_S))
        process.signal(signal.SIGCONT)

    def _fill_disk(self, process: Supervised, random: Random) -> None:
        process.limit(_FULL_BYTES)
        time.sleep(random.uniform(2, 6))
        process.limit(None)

    def _cold_start(self, process: Supervised, random: Random) -> None:
        process.delete_before_start(self._world.state)
        self._kill(process, random)


def _wait(is_true: Callable[[], bool], at_most_s: float, every_s: float = 0.05) -> None:
    until = time.monotonic() + at_most_s
    while not is_true() and time.monotonic() < until:
        time.sleep(every_s)
