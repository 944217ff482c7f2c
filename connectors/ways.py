"""The ways from one lane: to its target, to that target's fallback, and who of them must hear of what. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.heartbeats import Beat
from connectors.request import Judgement
from connectors.way import Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from alerts.config import Target
    from alerts.delivery_json import Plain
    from connectors.job import Job
    from connectors.request import Sent

UNSURE_MS = 7 * 24 * 3600 * 1000
"""So long after something was forgotten every resolve is sent to incident targets. By then whatever still fires was
told again and is remembered, unless its sender repeats it more seldom than once a week."""
_DELIVERED, _REFUSED = Judgement.DELIVERED, Judgement.REFUSED
_IS_LATE = "not taken until its deadline"


class Ways(dict[str, Way]):
    """By name; each is made when it is first asked for."""

    def __init__(self, targets: Mapping[str, Target], max_concurrent: int) -> None:
        super().__init__()
        self._targets = targets
        self._max_concurrent = max_concurrent
        self.unsure_until_ms = 0
        """Until then more incidents may be open than is remembered."""

    def __missing__(self, name: str) -> Way:
        way = self[name] = Way(self._targets.get(name), self._max_concurrent)
        return way

    def forgot(self, at_ms: int) -> None:
        """From now on more may be open than is remembered."""
        self.unsure_until_ms = max(self.unsure_until_ms, at_ms + UNSURE_MS)

    def restore(self, opened: Mapping[str, list[str]], unsure_until_ms: int, kept: Mapping[str, Plain]) -> None:
        """Take on what a snapshot holds, by target; what is no longer kept alive is left out."""
        self.unsure_until_ms = max(self.unsure_until_ms, unsure_until_ms)
        for name, fingerprints in opened.items():
            for fingerprint in fingerprints:
                self[name].open(fingerprint)
        for name, plain in kept.items():
            if (beats := self[name].beats) is not None:
                beats.restore(plain)

    def sets_out(self, job: Job, now_ms: int) -> bool:
        """Note that it is sent; whether its alert may have been open there before."""
        way = self[job.to]
        was_open = way.is_open(job.fingerprint)
        if job.is_firing and (way.opens_incident(job.delivery.alert) or job.to != job.delivery.target):
            self._open(way, job, now_ms)
        return was_open

    def came_back(self, job: Job, sent: Sent, now_ms: int, *, was_open: bool) -> None:
        """Note what became of one delivery of a request; `was_open` is what `sets_out` said."""
        way = self[job.to]
        # After a 429 nothing of the try is there either: http.md says so of PagerDuty, Slack and Rootly.
        is_unheard = sent.judgement is _REFUSED or sent.status == 429
        is_taken = sent.judgement is _DELIVERED
        if (is_unheard and not was_open) if job.is_firing else is_taken:
            way.closed(job.fingerprint)
        if is_taken and way.beats is not None:
            way.beats.told(job.outgoing, now_ms)

    def gave_up(self, job: Job) -> None:
        """The target does not take this."""
        if (beats := self[job.to].beats) is not None:
            beats.gave_up(job.delivery)

    def beats(self, now_ms: int, is_quiet: Callable[[str], bool]) -> Iterator[Beat]:
        """What to say once more; alerts that are not quiet are left out."""
        for name, way in list(self.items()):
            while told := way.take_beat(now_ms, is_quiet):
                yield Beat(name, told)

    def may_be_open(self, job: Job, now_ms: int) -> None:
        """A process that ended after its last snapshot may have sent this firing: whatever it opened must be closed."""
        if job.is_firing:
            for name in filter(None, (job.delivery.target, job.to, self.fallback_of(job))):
                if (way := self[name]).opens_incident(job.delivery.alert):
                    self._open(way, job, now_ms)

    def fallback_of(self, job: Job) -> str | None:
        """Who is told in place of its own target; None if nobody is, or if it goes there already."""
        own = self._targets.get(job.delivery.target)
        if own is None or not own.enabled or job.to != own.name or own.fallback is None:
            return None
        other = self._targets.get(own.fallback)
        return own.fallback if other is not None and other.enabled else None

    def is_needed(self, older: Job, newer: Job, now_ms: int) -> bool:
        """Whether the target must hear of either: not of what began and ended before an incident could be open."""
        own = self[newer.delivery.target]
        if newer.is_firing or not older.is_firing or not own.opens_incident(newer.delivery.alert):
            return True
        return now_ms < self.unsure_until_ms or any(way.is_open(newer.fingerprint) for way in self.values())

    def keep(self, fingerprint: str) -> bool:
        """Whether the target, or its fallback, is known to hold this alert open."""
        return any(way.keeps(fingerprint) for way in self.values())

    def is_wanted_at(self, fallback: str, job: Job, now_ms: int) -> bool:
        """Whether it says something there: not a resolve where no incident was opened."""
        return job.is_firing or not self[fallback].opens_incident(job.delivery.alert) or self.has(fallback, job, now_ms)

    def has(self, fallback: str, job: Job, now_ms: int) -> bool:
        """Whether the fallback may have been told of the firing."""
        way = self[fallback]
        is_unsure = now_ms < self.unsure_until_ms and way.opens_incident(job.delivery.alert)
        return is_unsure or way.is_open(job.fingerprint)

    def is_only_slow(self, job: Job) -> bool:
        """Whether it was never tried, at a target that takes what it is sent: it waits for its turn."""
        return job.last is None and not self[job.to].is_held_back

    def lateness(self, job: Job) -> str:
        """Why it is given up at its deadline: what its own last try came to, else what holds its target back."""
        if job.last is not None:
            return job.last.error
        failure = self[job.to].failure
        return f"{_IS_LATE}; the target was held back: {failure}" if failure else _IS_LATE

    def _open(self, way: Way, job: Job, now_ms: int) -> None:
        if way.open(job.fingerprint):
            self.forgot(now_ms)
