"""A flow of two processes: each is killed once, one host is cut off; then it goes on as one process, then as three.

Each runs on a host of its own (`hosts.py`); alerts come all the while.
"""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, NamedTuple

from tests.support.product import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.chaos.faults import Faults
    from tests.chaos.process import Supervised
    from tests.chaos.world import World

COUNT = 2
"""How many processes there are at first."""
MOST = 3
RATE = 500.0
# Several snapshots, one a second, lie between what happens.
_PHASE_S = 8.0
_TIMEOUT_S = 60.0


class Disturber(NamedTuple):
    """Kills and rescales."""

    world: World
    faults: Faults
    say: Callable[[str], None]

    def run(self) -> None:
        """All of it, one after the other."""
        self._phase()
        for victim in range(COUNT):
            self._kill(victim)
            self._phase()
        if not self.world.hosts.lack:
            self._cut_off(COUNT - 1)
            self._phase()
        for count in (1, MOST):
            self._rescale(count)
            self._phase()
        self._kill(MOST - 1)
        self._phase()

    def _tell(self, event: str, **facts: object) -> None:
        self.world.log(event, **facts)
        self.say(
            f"{self.world.elapsed_s():6.0f} s  {event}: " + ", ".join(f"{key} {value}" for key, value in facts.items())
        )

    def _phase(self) -> None:
        accepted, notes = self.world.feeder.count, len(self.world.receivers.notes)
        time.sleep(_PHASE_S)
        self._tell(
            "worked",
            processes=len(self.world.flows),
            accepted=self.world.feeder.count - accepted,
            notifications=len(self.world.receivers.notes) - notes,
        )

    def _kill(self, victim: int) -> None:
        """Kill one; the others end by themselves, and all are started again."""
        flows = self.world.flows
        lives = [len(flow.lives) for flow in flows]
        self.faults.kills["flow"] += 1
        began = time.monotonic()
        flows[victim].signal(signal.SIGKILL)
        _await_another_life(flows, lives)
        ended_s = time.monotonic() - began
        exits = [flow.exits[-1] for flow in flows]
        self._await_ready()
        ready_s = time.monotonic() - began
        name = flows[victim].command.name
        self._tell("killed", process=name, exits=exits, all_ended_s=f"{ended_s:.1f}", all_ready_s=f"{ready_s:.1f}")

    def _cut_off(self, victim: int) -> None:
        """Cut one host off until the others have given it up."""
        flows = self.world.flows
        lives = [len(flow.lives) for flow in flows]
        host = self.world.hosts.others[victim]
        began = time.monotonic()
        host.cut_off()
        try:
            _await_another_life(flows[:victim], lives[:victim])
        finally:
            host.join()
        ended_s = time.monotonic() - began
        _await_another_life(flows, lives)
        self._await_ready()
        ready_s = time.monotonic() - began
        name = flows[victim].command.name
        self._tell("cut off", process=name, others_ended_s=f"{ended_s:.1f}", all_ready_s=f"{ready_s:.1f}")

    def _rescale(self, count: int) -> None:
        began = time.monotonic()
        codes = self.world.rescale(count)
        self._await_ready()
        ready_s = time.monotonic() - began
        self._tell("rescaled", processes=count, exits=[*codes.values()], all_ready_s=f"{ready_s:.1f}")

    def _await_ready(self) -> None:
        for flow in self.world.flows:
            wait_for(flow.is_ready, f"{flow.command.name} is ready", _TIMEOUT_S)


def _await_another_life(flows: Sequence[Supervised], lives: Sequence[int]) -> None:
    """Wait until each has ended and been started once more than so often."""
    wait_for(
        lambda: all(len(flow.lives) > before for flow, before in zip(flows, lives, strict=True)),
        "the others end, too",
        _TIMEOUT_S,
    )
