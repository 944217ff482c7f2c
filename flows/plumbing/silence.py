"""When a sender's silence counts, and who makes a record of it: what all partitions of a process share.

An alert that ends wrongly pages twice, so nothing is ended unless its sender had every chance to speak: the flow must
have been reading, without a break and without a jump of the clock, for as long as an alert lasts that nobody repeats.
What lies unread in Kafka needs no care: an expiry is written behind it, and dedup drops one that comes too late.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol

from alerts.expiry import Due
from flows.timers import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from alerts.config_resolve import Resolve

# One that does not come back as a record is handed on again: the broker was away, or the process was killed.
_AGAIN_MS = 30_000
_LOOK_AGAIN_MS = 1000
# Looked at in one go: about 2 ms.
_AT_ONCE = 2000
# Corrections of a clock are slower than this, jumps are not.
_JUMP_S = 2.0


class Reading(Protocol):
    """How far reading is."""

    @property
    def is_behind(self) -> bool:
        """Whether some of what lay in Kafka at the start is still to be read."""

    @property
    def reading_s(self) -> float:
        """For how long it has been reading without a break; 0 while no broker answers."""

    def has_unread(self, partition: int) -> bool:
        """Whether records wait that were fetched."""


class Expiring(Protocol):
    """Makes records of what is due."""

    @property
    def room(self) -> int:
        """How many more it takes now."""

    def hand(self, dues: Iterable[Due]) -> None:
        """Take these on, without waiting."""


class Clock(NamedTuple):
    """The wall clock, and one that never jumps."""

    wall_s: Callable[[], float] = time.time
    steady_s: Callable[[], float] = time.monotonic


_CLOCK = Clock()


class Reports:
    """What whoever makes records has to say, from its own thread."""

    def __init__(self, steady_s: Callable[[], float] = time.monotonic) -> None:
        self._steady_s = steady_s
        self._lost: dict[int, deque[Ending]] = {}
        self._failed_s: dict[int, float] = {}

    def failed(self, partition: int) -> None:
        """It could not be read or written: perhaps senders could not be heard there either."""
        self._failed_s[partition] = self._steady_s()

    def since_failed_s(self, partition: int) -> float:
        """How long ago that was; endless if it never was."""
        return self._steady_s() - self._failed_s.get(partition, float("-inf"))

    def lose(self, due: Due) -> None:
        """This alert cannot be ended, for what said that it fires is kept no more."""
        ending = Ending(int(due.fingerprint, 16), due.ends_ms, due.offset)
        self._lost.setdefault(due.partition, deque()).append(ending)

    def take(self, partition: int) -> Iterator[Ending]:
        """The alerts of a partition that were lost since."""
        found = self._lost.get(partition)
        while found:
            yield found.popleft()


class Silence:
    """Hands on the alerts that nobody repeated in time."""

    def __init__(  # noqa: PLR0913 one place that knows all that speaks against an end
        self,
        resolve: Resolve,
        reading: Reading,
        expiring: Expiring,
        *,
        reports: Reports,
        is_held: Callable[[], bool],
        clock: Clock = _CLOCK,
    ) -> None:
        """Take silence for an end as `resolve` says; while `is_held`, reading stands still or is over."""
        self.reports = reports
        self.grace_ms = int(resolve.grace.total_seconds() * 1000)
        self._wait_s = resolve.timeout.total_seconds()
        self._reading = reading
        self._expiring = expiring
        self._is_held = is_held
        self._clock = clock
        self._apart_s = clock.wall_s() - clock.steady_s()
        self._jumped_s = float("-inf")

    def hand_on(self, partition: int, due: Callable[[int, int, int], list[Ending]]) -> int:
        """Hand on what `due(now_ms, again_ms, at_most)` says, if silence counts now.

        Returns:
            Before when not to ask again; 0: as soon as something is due.
        """
        now_ms = int(self._clock.wall_s() * 1000)
        if not self._counts(partition):
            return now_ms + _LOOK_AGAIN_MS
        room = min(self._expiring.room, _AT_ONCE)
        if room <= 0:
            return now_ms + _LOOK_AGAIN_MS
        endings = due(now_ms - self.grace_ms, _AGAIN_MS, room)
        self._expiring.hand([Due(partition, offset, f"{key:016x}", ends_ms) for key, ends_ms, offset in endings])
        return 0

    def _counts(self, partition: int) -> bool:
        if self._is_held() or self._reading.is_behind or self._reading.has_unread(partition):
            return False
        steady_s = self._clock.steady_s()
        apart_s = self._clock.wall_s() - steady_s
        if abs(apart_s - self._apart_s) > _JUMP_S:
            self._apart_s, self._jumped_s = apart_s, steady_s
        heard_s = min(self._reading.reading_s, steady_s - self._jumped_s, self.reports.since_failed_s(partition))
        return heard_s >= self._wait_s
