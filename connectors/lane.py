"""One target's deliveries: which go out now, which wait, which are given up. Pure: it is told the time.

Per alert, order is kept: while a notification of an alert is under way its newer ones wait behind it, so a resolve
never overtakes its firing. What waits is replaced by what is newer: an alert's latest state is all that is wanted.
Alerts do not wait for each other. What a target does not take goes to its fallback, then to the dead letters.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from alerts.alert import Status
from alerts.decision import Delivery, Outcome, Severity
from connectors import lane_state
from connectors.agenda import Agenda
from connectors.request import Judgement, Sent
from connectors.way import Way

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.config import Publish, Target
    from alerts.delivery_json import Plain

BACKOFF_MAX_MS = 60_000
_NO_MORE_DOUBLING = 30

_IS_GONE = "target is gone: it answered 410"
_IS_LATE = "not taken until its deadline"


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

    @property
    def outgoing(self) -> Delivery:
        """The delivery as it is sent: under the same id, to whom it goes."""
        return self.delivery if self.to == self.delivery.target else self.delivery._replace(target=self.to)

    @property
    def is_firing(self) -> bool:
        """Whether it tells that something began."""
        return self.delivery.alert.status is Status.FIRING


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

    def __init__(self, settings: Publish, targets: Mapping[str, Target], began_ms: int = 0) -> None:
        """Send as `settings` say; what was accepted before `began_ms` an earlier process may have sent already."""
        self._settings = settings
        self._targets = targets
        self._began_ms = began_ms
        self._waiting: dict[str, deque[Job]] = {}
        """By fingerprint, in order; the first of each is the one that may be sent, or that is under way."""
        self._under_way: dict[str, bool] = {}
        """By fingerprint: whether the alert may have been open at its target before this try."""
        self._deadlines = Agenda()
        """Of the firsts that are not under way."""
        self._ways: dict[str, Way] = {}
        self._ended: list[Ended] = []
        self._count = 0
        self._encoded: dict[str, tuple[Delivery, str]] = {}
        """By delivery: what a snapshot holds of it. What waits long is in many snapshots; encoding it once keeps a
        backlog of ten thousands from stopping the worker at each of them."""

    def __len__(self) -> int:
        """Deliveries that have not ended."""
        return self._count

    @property
    def is_busy(self) -> bool:
        """Whether a try is under way."""
        return bool(self._under_way)

    @property
    def ways(self) -> Mapping[str, Way]:
        """The ways to its target and to the fallback, by name."""
        return self._ways

    def offer(self, delivery: Delivery, now_ms: int) -> None:
        """Take on one more delivery."""
        job = Job(delivery, 0, now_ms, now_ms + self._deadline_ms(delivery), delivery.target)
        fingerprint = delivery.alert.fingerprint
        if delivery.alert.envelope.accepted_ms < self._began_ms:
            self._may_be_open(job)
        jobs = self._waiting.get(fingerprint)
        if jobs and any(waiting.delivery.id == delivery.id for waiting in jobs):
            return  # a dead letter that comes back while it is there again, after a crash: it has its end already
        self._count += 1
        if not jobs or (len(jobs) == 1 and fingerprint in self._under_way):
            self._append(job)
            return
        older = jobs.pop()
        if not jobs:
            self._unschedule(older)
        if jobs or self._is_needed(older, job):
            self._append(self._merged(older, job, now_ms))
            return
        del self._waiting[fingerprint]
        self._end(older, Outcome.NOT_NEEDED, "resolved before it could be sent", now_ms)
        self._end(job, Outcome.NOT_NEEDED, "its firing was never sent", now_ms)

    def take(self, now_ms: int) -> list[Job]:
        """The deliveries to send now; each must come back through `came_back`.

        What may be sent at its deadline is sent once more; what may not is given up.
        """
        jobs: list[Job] = []
        for way in list(self._ways.values()):
            while (fingerprint := way.take(now_ms)) is not None:
                job = self._waiting[fingerprint][0]
                jobs.append(job)
                self._deadlines.drop(fingerprint)
                self._under_way[fingerprint] = way.is_open(fingerprint)
                if job.is_firing and (way.opens_incidents or job.to != job.delivery.target):
                    way.open(fingerprint)
        while (first_ms := self._deadlines.first_ms()) is not None and first_ms <= now_ms:
            late = self._waiting[self._deadlines.pop()][0]
            self._unschedule(late)
            self._fall(late, late.last.error if late.last else _IS_LATE, now_ms)
        return jobs

    def came_back(self, job: Job, sent: Sent, now_ms: int) -> None:
        """Note what became of a try."""
        fingerprint = job.delivery.alert.fingerprint
        way = self._way(job.to)
        was_gone = way.is_gone
        way.came_back(sent, now_ms, job.deadline_ms)
        was_open = self._under_way.pop(fingerprint)
        # After a 429 nothing of the try is there either: http.md says so of PagerDuty, Slack and Rootly.
        is_unheard = sent.judgement is Judgement.REFUSED or sent.status == 429
        if (
            is_unheard
            if job.is_firing and not was_open
            else sent.judgement is Judgement.DELIVERED and not job.is_firing
        ):
            way.closed(fingerprint)
        job = job._replace(tries=job.tries + 1, last=sent, failures=job.failures + 1)
        self._waiting[fingerprint][0] = job
        if sent.judgement is Judgement.DELIVERED:
            self._delivered(job, now_ms)
        elif sent.judgement is Judgement.RETRY:
            self._again(job, sent, now_ms)
        else:
            self._fall(job, sent.error, now_ms)
        if way.is_gone and not was_gone:
            self._clear(way, now_ms)

    def ended(self) -> list[Ended]:
        """What ended since this was last asked."""
        ended, self._ended = self._ended, []
        return ended

    def next_ms(self) -> int | None:
        """When `take` next has something to do; None if only a try that ends or an offer can bring it."""
        moments = [way.next_ms() for way in self._ways.values()]
        return min((ms for ms in (*moments, self._deadlines.first_ms()) if ms is not None), default=None)

    def snapshot(self) -> Plain:
        """All that has not ended, as plain data; what is under way is among it."""
        jobs = [
            lane_state.job_to_plain(job, self._encode(job.delivery))
            for waiting in self._waiting.values()
            for job in waiting
        ]
        return lane_state.to_plain(jobs, self._ways)

    def _encode(self, delivery: Delivery) -> str:
        known = self._encoded.get(delivery.id)
        if known is None or known[0] is not delivery:
            known = self._encoded[delivery.id] = (delivery, lane_state.encode(delivery))
        return known[1]

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take on what a snapshot holds.

        Raises:
            FormatError: A snapshot of another version.
        """
        jobs, ways = lane_state.from_plain(plain, self._deadline_ms)
        for name, (opened, has_forgotten) in ways.items():
            self._way(name).restore(opened, has_forgotten=has_forgotten)
        self._count += len(jobs)
        for job in map(Job._make, jobs):
            self._may_be_open(job)
            self._append(job)

    def _deadline_ms(self, delivery: Delivery) -> int:
        deadline = self._settings.deadline
        is_critical = delivery.classification.severity is Severity.CRITICAL
        return int((deadline.critical if is_critical else deadline.others).total_seconds() * 1000)

    def _way(self, name: str) -> Way:
        if name not in self._ways:
            self._ways[name] = Way(self._targets.get(name), self._settings.max_concurrent)
        return self._ways[name]

    def _may_be_open(self, job: Job) -> None:
        """A process that ended after its last snapshot may have sent this firing: whatever it opened must be closed."""
        if job.is_firing:
            for name in filter(None, (job.delivery.target, self._fallback_of(job))):
                if (way := self._way(name)).opens_incidents:
                    way.open(job.delivery.alert.fingerprint)

    def _append(self, job: Job) -> None:
        jobs = self._waiting.setdefault(job.delivery.alert.fingerprint, deque())
        jobs.append(job)
        if len(jobs) == 1:
            self._schedule(job)

    def _schedule(self, job: Job) -> None:
        """Put the first of its alert where its turn is found."""
        way = self._way(job.to)
        if way.is_gone:
            self._fall(job, _IS_GONE, job.due_ms)
            return
        way.agenda.put(job.delivery.alert.fingerprint, job.due_ms)
        self._deadlines.put(job.delivery.alert.fingerprint, job.deadline_ms)

    def _unschedule(self, job: Job) -> None:
        self._way(job.to).agenda.drop(job.delivery.alert.fingerprint)
        self._deadlines.drop(job.delivery.alert.fingerprint)

    def _is_needed(self, older: Job, newer: Job) -> bool:
        """Whether the target must hear of either: not of what began and ended before an incident could be open."""
        own = self._way(newer.delivery.target)
        if not own.opens_incidents or newer.is_firing or not older.is_firing or own.has_forgotten:
            return True
        return any(way.is_open(newer.delivery.alert.fingerprint) for way in self._ways.values())

    def _merged(self, older: Job, newer: Job, now_ms: int) -> Job:
        """The newer in place of the older, which waited and ends here; the target's pauses stay."""
        self._end(older, Outcome.MERGED, f"into {newer.delivery.id}", now_ms)
        is_untold = not newer.is_firing and (older.is_firing or older.delivery.untold_firing)
        due_ms = max(newer.due_ms, older.due_ms) if older.to == newer.to else newer.due_ms
        return newer._replace(
            delivery=newer.delivery._replace(untold_firing=True) if is_untold else newer.delivery,
            due_ms=due_ms,
            failures=older.failures if older.to == newer.to else newer.failures,
        )

    def _again(self, job: Job, sent: Sent, now_ms: int) -> None:
        """Try later, or tell the newer in its place, or give up if there is no time left."""
        jobs = self._waiting[job.delivery.alert.fingerprint]
        later = job._replace(due_ms=now_ms + max(self._pause_ms(job), sent.retry_after_ms))
        if len(jobs) > 1:
            jobs.popleft()
            newer = jobs.popleft()
            if not jobs and not self._is_needed(job, newer):
                del self._waiting[job.delivery.alert.fingerprint]
                self._end(job, Outcome.NOT_NEEDED, "resolved before the target took it", now_ms)
                self._end(newer, Outcome.NOT_NEEDED, "its firing never reached the target", now_ms)
                return
            jobs.appendleft(self._merged(later, newer, now_ms))
            self._schedule(jobs[0])
        elif now_ms >= job.deadline_ms or now_ms + sent.retry_after_ms > job.deadline_ms:
            self._fall(job, sent.error, now_ms)
        else:
            jobs[0] = later._replace(due_ms=min(later.due_ms, job.deadline_ms))
            self._schedule(jobs[0])

    def _pause_ms(self, job: Job) -> int:
        """Doubling with every failure; between the half and the whole of it, told by the id and the try."""
        first_ms = self._settings.backoff.total_seconds() * 1000
        whole_ms = min(first_ms * 2 ** min(job.failures - 1, _NO_MORE_DOUBLING), BACKOFF_MAX_MS)
        share = crc32(f"{job.delivery.id}/{job.tries}".encode()) / 2**32
        return int(whole_ms * (1 + share) / 2)

    def _delivered(self, job: Job, now_ms: int) -> None:
        own = job.delivery.target
        fallback = self._fallback_of(job)
        if not job.is_firing and fallback and self._way(fallback).is_open(job.delivery.alert.fingerprint):
            # Whoever was told of the firing in place of the target hears that it is over.
            self._turn_to(fallback, job, "", now_ms)
            return
        is_own = job.to == own or not job.refusal
        self._finish(job, Outcome.DELIVERED if is_own else Outcome.DELIVERED_TO_FALLBACK, job.refusal, now_ms)

    def _fall(self, job: Job, error: str, now_ms: int) -> None:
        """Its target, or the fallback, is not told: go on to the fallback or to the dead letters."""
        fallback = self._fallback_of(job)
        if fallback and self._is_wanted_at(fallback, job):
            self._turn_to(fallback, job, f"{job.to}: {error}", now_ms)
            return
        if job.to != job.delivery.target:
            error = "; ".join(text for text in (job.refusal, f"{job.to}: {error}") if text)
        self._finish(job, Outcome.DEAD_LETTERED, error, now_ms)

    def _fallback_of(self, job: Job) -> str | None:
        own = self._targets.get(job.delivery.target)
        is_left = own is not None and job.to == own.name and own.fallback != own.name
        return own.fallback if own is not None and is_left else None

    def _is_wanted_at(self, fallback: str, job: Job) -> bool:
        """Whether it says something there: not a resolve where no incident was opened."""
        way = self._way(fallback)
        return job.is_firing or not way.opens_incidents or way.is_open(job.delivery.alert.fingerprint)

    def _turn_to(self, fallback: str, job: Job, refusal: str, now_ms: int) -> None:
        turned = job._replace(
            to=fallback,
            due_ms=now_ms,
            deadline_ms=now_ms + self._deadline_ms(job.delivery),
            failures=0,
            refusal=refusal,
        )
        self._waiting[job.delivery.alert.fingerprint][0] = turned
        self._schedule(turned)

    def _clear(self, way: Way, now_ms: int) -> None:
        """Nothing waits for a target that is gone."""
        for fingerprint in way.agenda.names():
            job = self._waiting[fingerprint][0]
            self._unschedule(job)
            self._fall(job, _IS_GONE, now_ms)

    def _finish(self, job: Job, outcome: Outcome, error: str, now_ms: int) -> None:
        """End the first of its alert; the next one's turn comes."""
        fingerprint = job.delivery.alert.fingerprint
        jobs = self._waiting[fingerprint]
        jobs.popleft()
        self._end(job, outcome, error, now_ms)
        if len(jobs) == 1 and outcome is Outcome.DEAD_LETTERED and not self._is_needed(job, jobs[0]):
            self._end(jobs.popleft(), Outcome.NOT_NEEDED, "its firing never reached the target", now_ms)
        if jobs:
            self._schedule(jobs[0])
        else:
            del self._waiting[fingerprint]

    def _end(self, job: Job, outcome: Outcome, error: str, now_ms: int) -> None:
        self._count -= 1
        self._encoded.pop(job.delivery.id, None)
        status = job.last.status if job.last else None
        self._ended.append(Ended(job.delivery, outcome, job.tries, status, error, now_ms))
