"""A delivery on its way, and one that has ended. Pure."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

import orjson

from alerts.alert import Status
from alerts.decision import Severity
from connectors.request import Judgement

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from alerts.config import Deadline
    from alerts.decision import Delivery, Outcome
    from connectors.request import Sent

PAUSE_MAX_MS = 60_000
RESTORED_MS = 120_000
"""What a restart leaves is tried for so long at least."""
_NO_MORE_DOUBLING = 30
# In Python 3.11 naming a member of an enumeration costs as much as all else that is asked of a job.
_FIRING, _CRITICAL = Status.FIRING, Severity.CRITICAL


class Turned(NamedTuple):
    """What its own target said before a delivery was turned to the fallback."""

    to: str
    """The fallback."""
    tries: int
    status: int | None
    """Of the last try."""
    error: str
    """Why the target was not told; empty: it was, and the fallback hears it too."""
    sending_ms: float


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
    sending_ms: float = 0.0
    """How long its tries took, without the pauses between them."""
    turned: Turned | None = None
    """Set when it was turned to the fallback."""
    is_alone: bool = False
    """A request that told of others too was refused: only one of its own shows whether it was this that was meant."""

    @property
    def fingerprint(self) -> str:
        """Of its alert."""
        return self.delivery.alert.fingerprint

    @property
    def outgoing(self) -> Delivery:
        """The delivery as it is sent: under the same id, to whom it goes."""
        return self.delivery if self.to == self.delivery.target else self.delivery._replace(target=self.to)

    @property
    def size_bytes(self) -> int:
        """About how much it adds to a request that tells of several."""
        alert = self.delivery.alert
        # To write it costs less than to add it up. Lone surrogates do not come so far.
        return len(alert.generator_url) + len(orjson.dumps(alert.labels)) + len(orjson.dumps(alert.annotations))

    @property
    def is_firing(self) -> bool:
        """Whether it tells that something began."""
        return self.delivery.alert.status is _FIRING

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

    def restored(self, began_ms: int) -> Job:
        """This one out of a snapshot, in a process that began then: the time between is not the target's fault."""
        away_ms = max(0, began_ms + RESTORED_MS - self.deadline_ms)
        return self._replace(deadline_ms=self.deadline_ms + away_ms, since_ms=self.since_ms + away_ms, may_repeat=True)

    def merged_into(self, newer: Job) -> str:
        """Why it ends when a newer one takes its place."""
        return f"into {newer.delivery.id}" + (f"; last try: {self.last.error}" if self.last else "")

    def tried(self, sent: Sent) -> Job:
        """This one after one more try."""
        delivery, tries, due, deadline, to, failures, _, refusal, since, repeat, may, took, turned, alone = self
        took += sent.took_ms
        return _job(
            (
                delivery,
                tries + 1,
                due,
                deadline,
                to,
                failures + 1,
                sent,
                refusal,
                since,
                repeat,
                may,
                took,
                turned,
                alone,
            )
        )

    def turned_to(self, fallback: str, refusal: str, now_ms: int, deadline: Deadline) -> Job:
        """This one on its way to the fallback; `refusal` says why its own target was not told."""
        deadline_ms = now_ms + _patience_ms(deadline, self.delivery)
        turned = Turned(fallback, self.tries, self._status, refusal, self.sending_ms)
        return self._replace(
            to=fallback, due_ms=now_ms, deadline_ms=deadline_ms, failures=0, refusal=refusal, turned=turned
        )

    def ended(self, outcome: Outcome, error: str, now_ms: int) -> Ended:
        """Its end."""
        delivery, tries, _, _, _, _, last, _, _, is_repeat, _, sending_ms, turned, _ = self
        status = last.status if last else None
        return _ended((delivery, outcome, tries, status, error, now_ms, is_repeat, sending_ms, turned))

    @property
    def _status(self) -> int | None:
        return self.last.status if self.last else None

    def pause_ms(self, first: timedelta) -> int:
        """Doubling with every failure; between the half and the whole of it, told by the id and the try."""
        first_ms = first.total_seconds() * 1000
        whole_ms = min(first_ms * 2 ** min(self.failures - 1, _NO_MORE_DOUBLING), PAUSE_MAX_MS)
        share = crc32(f"{self.delivery.id}/{self.tries}".encode()) / 2**32
        return int(whole_ms * (1 + share) / 2)


Load = tuple[Job, ...]
"""What one request tells: deliveries of different alerts, at least one, all on their way to the same target."""


def heard(load: Load, sent: Sent, now_ms: int) -> tuple[Load, Sent]:
    """What an answer says of each: who refuses several may mean one of them, so each is told alone, if late too."""
    if len(load) == 1 or sent.judgement is not Judgement.REFUSED:
        return load, sent
    latest_ms = now_ms + PAUSE_MAX_MS
    alone = [job._replace(is_alone=True, deadline_ms=max(job.deadline_ms, latest_ms)) for job in load]
    return tuple(alone), sent._replace(judgement=Judgement.RETRY, retry_after_ms=0)


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
    sending_ms: float = 0.0
    """How long all tries took, without the pauses between them."""
    turned: Turned | None = None
    """Set if it was turned to the fallback."""


# Of all their fields in order, at a third of the price of naming the class: every delivery makes some.
_job: Callable[[tuple[object, ...]], Job] = partial(tuple.__new__, Job)
_ended: Callable[[tuple[object, ...]], Ended] = partial(tuple.__new__, Ended)


def begun(delivery: Delivery, now_ms: int, deadline: Deadline) -> Job:
    """A delivery that sets out now."""
    deadline_ms = now_ms + _patience_ms(deadline, delivery)
    return _job(
        (delivery, 0, now_ms, deadline_ms, delivery.target, 0, None, "", now_ms, False, False, 0.0, None, False)
    )


def _patience_ms(deadline: Deadline, delivery: Delivery) -> int:
    """How long a target has, by the severity of the alert."""
    is_critical = delivery.classification.severity is _CRITICAL
    return _whole_ms(deadline.critical if is_critical else deadline.others)


@lru_cache(maxsize=16)
def _whole_ms(time: timedelta) -> int:
    return int(time.total_seconds() * 1000)
