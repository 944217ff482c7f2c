"""One target's deliveries: which go out now, which wait, which are given up. Pure: it is told the time.

Per alert, order is kept: while an older notification of an alert is under way or waiting to be tried again, its newer
ones wait behind it, so a resolve never overtakes its firing. Alerts do not wait for each other.
"""

from __future__ import annotations

import heapq
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from alerts.decision import Delivery, Outcome
from alerts.delivery_json import Plain, from_plain, to_plain
from alerts.errors import FormatError
from connectors.request import Judgement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from alerts.config import Publish

VERSION = 1


class Job(NamedTuple):
    """One delivery under way."""

    delivery: Delivery
    tries: int
    """How often it was sent so far."""
    due_ms: int


class Sent(NamedTuple):
    """What became of one try."""

    judgement: Judgement
    status: int | None
    """The target's HTTP status; None if it did not answer."""
    error: str
    """Fit to be shown: no URL, no token; empty when delivered."""
    retry_after_ms: int = 0


class Ended(NamedTuple):
    """A delivery that will not be tried again."""

    delivery: Delivery
    outcome: Outcome
    tries: int
    status: int | None
    error: str
    ended_ms: int


class Lane:
    """The deliveries of one target."""

    def __init__(self, settings: Publish) -> None:
        self._settings = settings
        self._backoff_ms = settings.backoff.total_seconds() * 1000
        self._waiting: dict[str, deque[Job]] = {}
        """By fingerprint, in order; the first of each is the one that may be sent."""
        self._due: list[tuple[int, int, str]] = []
        """A heap of (due_ms, turn, fingerprint): the heads that are not under way."""
        self._turn = 0
        self._under_way = 0

    def __len__(self) -> int:
        """Deliveries that have not ended."""
        return sum(len(jobs) for jobs in self._waiting.values())

    @property
    def is_busy(self) -> bool:
        """Whether a try is under way."""
        return self._under_way > 0

    def offer(self, delivery: Delivery, now_ms: int) -> None:
        """Take on one more delivery."""
        self._add(Job(delivery, 0, now_ms))

    def _add(self, job: Job) -> None:
        jobs = self._waiting.setdefault(job.delivery.alert.fingerprint, deque())
        jobs.append(job)
        if len(jobs) == 1:
            self._schedule(job)

    def _schedule(self, job: Job) -> None:
        self._turn += 1
        heapq.heappush(self._due, (job.due_ms, self._turn, job.delivery.alert.fingerprint))

    def take(self, now_ms: int) -> list[Job]:
        """The deliveries to send now; each must come back through `ended`."""
        jobs: list[Job] = []
        while self._due and self._due[0][0] <= now_ms and self._under_way < self._settings.max_concurrent:
            _, _, fingerprint = heapq.heappop(self._due)
            self._under_way += 1
            jobs.append(self._waiting[fingerprint][0])
        return jobs

    def ended(self, job: Job, sent: Sent, now_ms: int) -> Ended | None:
        """Note what became of a try: the delivery's end, or None if it will be tried again."""
        self._under_way -= 1
        fingerprint = job.delivery.alert.fingerprint
        jobs = self._waiting[fingerprint]
        tries = job.tries + 1
        if sent.judgement is Judgement.RETRY and tries < self._settings.tries:
            pause_ms = max(self._backoff_ms * 2 ** (tries - 1), sent.retry_after_ms)
            jobs[0] = job._replace(tries=tries, due_ms=now_ms + int(pause_ms))
            self._schedule(jobs[0])
            return None
        jobs.popleft()
        if jobs:
            self._schedule(jobs[0])
        else:
            del self._waiting[fingerprint]
        outcome = Outcome.DELIVERED if sent.judgement is Judgement.DELIVERED else Outcome.DEAD_LETTERED
        return Ended(job.delivery, outcome, tries, sent.status, sent.error, now_ms)

    def next_ms(self) -> int | None:
        """When `take` next has something; None if only a try that ends can bring it."""
        if not self._due or self._under_way >= self._settings.max_concurrent:
            return None
        return self._due[0][0]

    def snapshot(self) -> Plain:
        """All that has not ended, as plain data; what is under way is among it."""
        jobs = [
            {"delivery": to_plain(job.delivery), "tries": job.tries, "due_ms": job.due_ms}
            for waiting in self._waiting.values()
            for job in waiting
        ]
        return {"v": VERSION, "jobs": jobs}

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take on what a snapshot holds.

        Raises:
            FormatError: A snapshot of another version.
        """
        if plain.get("v") != VERSION:
            raise FormatError(f"deliveries of version {plain.get('v')!r} in the snapshot; this Winnow reads {VERSION}")
        saved: Iterable[Mapping[str, Any]] = plain["jobs"]
        for job in saved:
            self._add(Job(from_plain(job["delivery"]), job["tries"], job["due_ms"]))
