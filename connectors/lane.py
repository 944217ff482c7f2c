"""One target's deliveries: which go out now, which wait, which are given up. Pure: it is told the time.

Per alert, order is kept: while a notification of an alert is under way its newer ones wait behind it, so a resolve
never overtakes its firing. What waits is replaced by what is newer: an alert's latest state is all that is wanted.
Alerts do not wait for each other. What a target does not take goes to its fallback, then to the dead letters.
Who must hear of what is known to `connectors/ways.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alerts.decision import Delivery, Outcome
from connectors import lane_state
from connectors.agenda import Agenda
from connectors.drafts import Drafts
from connectors.job import Ended, Job, Load, begun, heard
from connectors.request import Judgement, Sent
from connectors.ways import Ways

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.config import Publish, Target
    from alerts.delivery_json import Plain
    from connectors.heartbeats import Beat
    from connectors.way import Way

_SLOW_AGAIN_MS = 10_000
_TAKEN, _RETRY = Judgement.DELIVERED, Judgement.RETRY


class Lane:
    """The deliveries of one target."""

    def __init__(self, settings: Publish, targets: Mapping[str, Target], began_ms: int = 0) -> None:
        """Send as `settings` say; what was accepted before `began_ms` an earlier process may have sent already."""
        self._settings = settings
        self._began_ms = began_ms
        self._waiting: dict[str, list[Job]] = {}
        """By fingerprint, in order; the first of each is the one that may be sent, or that is under way."""
        self._under_way: dict[str, bool] = {}
        """By fingerprint: whether the alert may have been open at its target before this try."""
        self._beating: set[str] = set()
        """The alerts a heartbeat is under way for: what they have to tell waits behind it."""
        self._deadlines = Agenda()
        """Of the firsts that may be sent."""
        self._ways = Ways(targets, settings.max_concurrent)
        self.ways: Mapping[str, Way] = self._ways
        """To its target and to the fallback, by name."""
        self._ended: list[Ended] = []
        self._ages = Agenda()
        """Deliveries that have not ended, by acceptance."""
        self._drafts = Drafts(self._waiting, self._under_way)

    def __len__(self) -> int:
        """Deliveries that have not ended."""
        return len(self._ages)

    def oldest_ms(self) -> int | None:
        """When the oldest alert of those that have not ended was accepted; None if there is none."""
        return self._ages.first_ms()

    @property
    def is_busy(self) -> bool:
        """Whether a try or a heartbeat is under way."""
        return bool(self._under_way or self._beating)

    def wants(self, delivery: Delivery) -> bool:
        """Whether to offer it: all but a resolve that goes only where its alert is open, when it is not open here."""
        fingerprint = delivery.alert.fingerprint
        return not delivery.only_closes or fingerprint in self._waiting or self._ways.keep(fingerprint)

    def offer(self, delivery: Delivery, now_ms: int, *, is_read_again: bool = False) -> None:
        """Take on one more delivery; `is_read_again`: what caused it lay in Kafka when this process began."""
        job = begun(delivery, now_ms, self._settings.deadline)
        if is_read_again or delivery.alert.envelope.accepted_ms < self._began_ms:
            job = job._replace(may_repeat=True)
            self._ways.may_be_open(job, now_ms)
        fingerprint = delivery.alert.fingerprint
        jobs = self._waiting.get(fingerprint)
        if jobs and any(waiting.delivery.id == delivery.id for waiting in jobs):
            return  # a dead letter that comes back while it is there again, after a crash: it has its end already
        self._ages.put(delivery.id, delivery.alert.envelope.accepted_ms)
        if not jobs or (len(jobs) == 1 and fingerprint in self._under_way):
            self._append(job)
            return
        older = jobs.pop()
        if not jobs:
            self._unschedule(older)
        if jobs or self._ways.is_needed(older, job, now_ms):
            self._append(self._merged(older, job, now_ms))
            return
        del self._waiting[fingerprint]
        self._end(older, Outcome.NOT_NEEDED, "resolved before it could be sent", now_ms)
        self._end(job, Outcome.NOT_NEEDED, "its firing was never sent", now_ms)

    def take(self, now_ms: int) -> list[Load]:
        """The requests to send now; each must come back through `came_back`.

        What may be sent at its deadline is sent once more; what may not is given up, and so is what waits for a target
        that is told nothing any more.
        """
        loads: list[Load] = []
        for way in list(self._ways.values()):
            while fingerprints := way.take(now_ms, lambda name: self._waiting[name][0]):
                loads.append(tuple([self._set_out(fingerprint, now_ms) for fingerprint in fingerprints]))
            self._clear(way, now_ms)
        while (first_ms := self._deadlines.first_ms()) is not None and first_ms <= now_ms:
            late = self._waiting[self._deadlines.pop()][0]
            if self._ways.is_only_slow(late):
                self._deadlines.put(late.fingerprint, now_ms + _SLOW_AGAIN_MS)
                continue
            self._unschedule(late)
            self._fall(late, self._ways.lateness(late), now_ms)
        return loads

    def beats(self, now_ms: int) -> list[Beat]:
        """The heartbeats to send now, after `take`; each must come back through `beat_came_back`.

        None tells of an alert that has something to tell: it would overtake it, or come late and take it back.
        """
        beats: list[Beat] = []
        for beat in self._ways.beats(now_ms, lambda one: one not in self._waiting and one not in self._beating):
            self._beating.update(delivery.alert.fingerprint for delivery in beat.deliveries)
            beats.append(beat)
        return beats

    def beat_came_back(self, beat: Beat, sent: Sent, now_ms: int) -> None:
        """Note what became of a heartbeat; what came meanwhile may go."""
        self._ways[beat.to].beat_came_back(sent, now_ms)
        for delivery in beat.deliveries:
            self._beating.discard(delivery.alert.fingerprint)
            if jobs := self._waiting.get(delivery.alert.fingerprint):
                self._schedule(jobs[0])

    def _set_out(self, fingerprint: str, now_ms: int) -> Job:
        self._deadlines.drop(fingerprint)
        job = self._waiting[fingerprint][0]
        if job.may_repeat:
            job = self._waiting[fingerprint][0] = job._replace(is_repeat=True)
        self._under_way[fingerprint] = self._ways.sets_out(job, now_ms)
        return job

    def came_back(self, load: Load, sent: Sent, now_ms: int) -> None:
        """Note what became of a request."""
        self._ways[load[0].to].came_back(sent, now_ms, max(job.deadline_ms for job in load))
        load, sent = heard(load, sent, now_ms)
        for job in load:
            self._heard(job, sent, now_ms)

    def _heard(self, job: Job, sent: Sent, now_ms: int) -> None:
        fingerprint = job.fingerprint
        self._ways.came_back(job, sent, now_ms, was_open=self._under_way.pop(fingerprint))
        job = job.tried(sent)
        self._waiting[fingerprint][0] = job
        if sent.judgement is _TAKEN:
            self._delivered(job, now_ms)
        elif sent.judgement is _RETRY:
            self._again(job, sent, now_ms)
        else:
            self._fall(job, sent.error, now_ms)

    def ended(self) -> list[Ended]:
        """What ended since this was last asked."""
        ended, self._ended = self._ended, []
        return ended

    def next_ms(self) -> int | None:
        """When `take` or `beats` next has something to do; None if only a try that ends or an offer can bring it."""
        moments = [way.next_ms() for way in self._ways.values()]
        return min((ms for ms in (*moments, self._deadlines.first_ms()) if ms is not None), default=None)

    def write_ahead(self, now_ms: int) -> None:
        """Do a little of the next snapshot's work now."""
        self._drafts.write(now_ms)

    def snapshot(self) -> Plain:
        """All that has not ended, as plain data; what is under way is among it."""
        return lane_state.to_plain(self._drafts.packed(), self._ways)

    def begin(self) -> None:
        """Start without a snapshot: nobody knows which incidents a process before this one has opened."""
        self._ways.forgot(self._began_ms)

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take on what a snapshot holds.

        Raises:
            FormatError: A snapshot of another version.
        """
        saved = lane_state.from_plain(plain)
        self._ways.restore(saved.opened, saved.unsure_until_ms, saved.alive)
        for job in saved.jobs:
            self._ways.may_be_open(job, self._began_ms)
            self._ages.put(job.delivery.id, job.delivery.alert.envelope.accepted_ms)
            self._append(job.restored(self._began_ms))

    def _append(self, job: Job) -> None:
        jobs = self._waiting.setdefault(job.fingerprint, [])
        jobs.append(job)
        if len(jobs) == 1:
            self._schedule(job)
        else:
            self._drafts.changed(job.fingerprint)

    def _schedule(self, job: Job) -> None:
        """Put the first of its alert where its turn is found, unless a heartbeat of the alert is under way."""
        fingerprint = job.fingerprint
        self._drafts.changed(fingerprint)
        if fingerprint in self._beating:
            return
        self._ways[job.to].agenda.put(fingerprint, job.due_ms)
        self._deadlines.put(fingerprint, job.deadline_ms)

    def _unschedule(self, job: Job) -> None:
        self._ways[job.to].agenda.drop(job.fingerprint)
        self._deadlines.drop(job.fingerprint)

    def _merged(self, older: Job, newer: Job, now_ms: int) -> Job:
        """The newer in place of the older, which waited and ends here."""
        self._end(older, Outcome.MERGED, older.merged_into(newer), now_ms)
        return newer.in_place_of(older)

    def _again(self, job: Job, sent: Sent, now_ms: int) -> None:
        """Try later, or tell the newer in its place, or give up if there is no time left."""
        jobs = self._waiting[job.fingerprint]
        later = job._replace(due_ms=now_ms + max(job.pause_ms(self._settings.backoff), sent.retry_after_ms))
        if len(jobs) > 1:
            jobs.pop(0)
            newer = jobs.pop(0)
            if not jobs and not self._ways.is_needed(job, newer, now_ms):
                del self._waiting[job.fingerprint]
                self._end(job, Outcome.NOT_NEEDED, "resolved before the target took it", now_ms)
                self._end(newer, Outcome.NOT_NEEDED, "its firing never reached the target", now_ms)
                return
            jobs.insert(0, self._merged(later, newer, now_ms))
            self._schedule(jobs[0])
        elif now_ms >= job.deadline_ms or now_ms + sent.retry_after_ms > job.deadline_ms:
            self._fall(job, sent.error, now_ms)
        else:
            jobs[0] = later._replace(due_ms=min(later.due_ms, job.deadline_ms))
            self._schedule(jobs[0])

    def _delivered(self, job: Job, now_ms: int) -> None:
        fallback = self._ways.fallback_of(job)
        if fallback and not job.is_firing and self._ways.has(fallback, job, now_ms):
            # Whoever was told of the firing in place of the target hears that it is over.
            self._turn_to(fallback, job._replace(since_ms=now_ms), "", now_ms)
            return
        own = job.delivery.target
        is_own = job.to == own or not job.refusal
        if not is_own and not job.is_firing and self._ways.has(own, job, now_ms):
            # Nobody closes it there; the letter can be retried when its target is back.
            still_open = f"{job.refusal}; {job.to} was told, but it may still be open at {own}"
            self._finish(job, Outcome.DEAD_LETTERED, still_open, now_ms)
            return
        self._finish(job, Outcome.DELIVERED if is_own else Outcome.DELIVERED_TO_FALLBACK, job.refusal, now_ms)

    def _fall(self, job: Job, error: str, now_ms: int) -> None:
        """Its target, or the fallback, is not told: go on to the fallback or to the dead letters."""
        self._ways.gave_up(job)
        fallback = self._ways.fallback_of(job)
        if fallback and self._ways.is_wanted_at(fallback, job, now_ms):
            self._turn_to(fallback, job, f"{job.to}: {error}", now_ms)
            return
        if job.to != job.delivery.target:
            error = "; ".join(text for text in (job.refusal, f"{job.to}: {error}") if text)
        self._finish(job, Outcome.DEAD_LETTERED, error, now_ms)

    def _turn_to(self, fallback: str, job: Job, refusal: str, now_ms: int) -> None:
        turned = job.turned_to(fallback, refusal, now_ms, self._settings.deadline)
        self._waiting[job.fingerprint][0] = turned
        self._schedule(turned)

    def _clear(self, way: Way, now_ms: int) -> None:
        """Nothing waits for a target that is told nothing."""
        while way.refusal and (fingerprints := way.agenda.names()):
            for fingerprint in fingerprints:
                job = self._waiting[fingerprint][0]
                self._unschedule(job)
                self._fall(job, way.refusal, now_ms)

    def _finish(self, job: Job, outcome: Outcome, error: str, now_ms: int) -> None:
        """End the first of its alert; the next one's turn comes."""
        fingerprint = job.fingerprint
        jobs = self._waiting[fingerprint]
        jobs.pop(0)
        self._end(job, outcome, error, now_ms)
        if len(jobs) == 1 and outcome is Outcome.DEAD_LETTERED and not self._ways.is_needed(job, jobs[0], now_ms):
            self._end(jobs.pop(0), Outcome.NOT_NEEDED, "its firing never reached the target", now_ms)
        if jobs:
            self._schedule(jobs[0])
        else:
            del self._waiting[fingerprint]

    def _end(self, job: Job, outcome: Outcome, error: str, now_ms: int) -> None:
        self._ages.drop(job.delivery.id)
        self._drafts.changed(job.fingerprint)
        self._ended.append(job.ended(outcome, error, now_ms))
