"""A delivery on its way, and one that has ended. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from alerts.alert import Status

if TYPE_CHECKING:
    from datetime import timedelta

    from alerts.decision import Delivery, Outcome
    from connectors.request import Sent

PAUSE_MAX_MS = 60_000
_NO_MORE_DOUBLING = 30


class Job(NamedTuple):
    """One delivery on its way."""

    delivery: Delivery
    tries: int
    """How often it was sent so far."""
    due_ms: int
    deadline_ms: int
    to: str
    """The target it is sent to: its own, or that target's fallback."""
    failures: int = 0
    """Tries in a row that failed, those of what it replaced among them: the pause grows with them."""
    last: Sent | None = None
    """What became of its last try."""
    refusal: str = ""
    """Why its own target was not told, if it is sent to the fallback in its place."""
    since_ms: int = 0
    """Since when the target is to be told: of what it replaced the oldest. Its own deadline runs from here."""
    is_repeat: bool = False
    """Whether a process before this one may have sent it, and this one has too."""
    may_repeat: bool = False
    """Whether a process before this one may have sent it."""

    @property
    def fingerprint(self) -> str:
        """Of its alert."""
        return self.delivery.alert.fingerprint

    @property
    def outgoing(self) -> Delivery:
        """The delivery as it is sent: under the same id, to whom it goes."""
        return self.delivery if self.to == self.delivery.target else self.delivery._replace(target=self.to)

    @property
    def is_firing(self) -> bool:
        """Whether it tells that something began."""
        return self.delivery.alert.status is Status.FIRING

    def in_place_of(self, older: Job) -> Job:
        """This one, told instead of an older one that waited: the target's pauses and the time that is left stay."""
        is_untold = not self.is_firing and (older.is_firing or older.delivery.untold_firing)
        merged = self._replace(
            delivery=self.delivery._replace(untold_firing=True) if is_untold else self.delivery,
            since_ms=older.since_ms,
            deadline_ms=self.deadline_ms - (self.since_ms - older.since_ms),
        )
        if older.to != self.to:
            return merged
        return merged._replace(due_ms=max(self.due_ms, older.due_ms), failures=older.failures)

    def pause_ms(self, first: timedelta) -> int:
        """Doubling with every failure; between the half and the whole of it, told by the id and the try."""
        first_ms = first.total_seconds() * 1000
        whole_ms = min(first_ms * 2 ** min(self.failures - 1, _NO_MORE_DOUBLING), PAUSE_MAX_MS)
        share = crc32(f"{self.delivery.id}/{self.tries}".encode()) / 2**32
        return int(whole_ms * (1 + share) / 2)


class Ended(NamedTuple):
    """A delivery that will not be tried again."""

    delivery: Delivery
    outcome: Outcome
    tries: int
    status: int | None
    error: str
    ended_ms: int
    is_repeat: bool = False
    """Whether what was sent may repeat what was sent before the restart, under the same id."""
