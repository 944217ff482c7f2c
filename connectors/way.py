"""The way to one target: when the next try may be made, and which alerts may be open there. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.agenda import Agenda
from connectors.breaker import Breaker
from connectors.bucket import Bucket
from connectors.heartbeats import Heartbeats
from connectors.request import Judgement

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.alert import Alert
    from alerts.config import Target
    from alerts.decision import Delivery
    from connectors.job import Job
    from connectors.request import Sent

GONE = 410
"""The endpoint asks not to be called again: RFC 9110, section 15.5.11, and Standard Webhooks."""
OPEN_MAX = 100_000
"""So many alerts are remembered as open: about 10 MB. Beyond that every resolve is sent."""

REQUEST_MAX_BYTES = 512 * 1024
"""Of what several alerts in one request hold together; one that has more goes alone."""

BEATS_SHARE = 4
"""Heartbeats take one in so many of the requests that may be under way."""
BEAT_HOLDS_MS = 60_000
"""A pause asked for in answer to a heartbeat holds deliveries back so long at most: those have deadlines."""

_RETRY = Judgement.RETRY
_IS_UNKNOWN = "target is no longer in winnow.yaml"
_IS_DISABLED = "target is disabled in winnow.yaml"
_IS_GONE = "target is gone: it answered 410"


class Way:
    """What holds back a try: a pause the target asked for, its breaker, its rate, the bound on what is under way."""

    def __init__(self, target: Target | None, max_concurrent: int) -> None:
        self.agenda = Agenda()
        """Whose turn comes when."""
        self.failure = ""
        """What the last try that failed came to."""
        self.is_gone = False
        """Whether the target answered that it will never take anything again."""
        self._target = target
        every = target.heartbeat if target is not None else None
        self.beats = Heartbeats(every) if every else None
        """What it must be told of again and again; None if it remembers by itself."""
        self._beats_under_way = 0
        # Deliveries keep most of the room, and most of the connections of a target that is slow.
        self._beats_max = max(1, max_concurrent // BEATS_SHARE)
        self._open: dict[str, None] = {}
        """Fingerprints, the oldest first."""
        self._alerts_a_request = 1 if target is None else target.alerts_a_request
        self._bucket = Bucket(target.rate, target.burst) if target is not None and target.rate else None
        self._breaker = Breaker()
        self._max_concurrent = max_concurrent
        self._under_way = 0
        self._held_until_ms = 0

    @property
    def is_held_back(self) -> bool:
        """Whether its breaker is open."""
        return self._breaker.is_open

    @property
    def refusal(self) -> str:
        """Why nothing may be sent, whatever waits; empty if something may."""
        if self._target is None:
            return _IS_UNKNOWN
        if not self._target.enabled:
            return _IS_DISABLED
        return _IS_GONE if self.is_gone else ""

    def opens_incident(self, alert: Alert) -> bool:
        """Whether a firing of this alert opens there what only its resolve closes."""
        return self._target is not None and self._target.opens_incident(alert)

    def next_ms(self) -> int | None:
        """When `take` or `take_beat` next has something; None if only a try that ends can bring it."""
        if self.refusal:
            return 0 if len(self.agenda) else None
        free_ms = self._free_ms()
        moments = [ms for ms in (self.agenda.first_ms(), self._beat_ms()) if ms is not None]
        return None if free_ms is None or not moments else max(min(moments), free_ms)

    def take(self, now_ms: int, job_of: Callable[[str], Job]) -> list[str]:
        """The alerts that one request may tell now, none if there are none; it must come back through `came_back`."""
        name = self.agenda.due(now_ms)
        if self.refusal or name is None or not self._sets_out(now_ms):
            return []
        taken = [name]
        self.agenda.drop(name)
        if self._alerts_a_request == 1 or job_of(name).is_alone:
            return taken
        room_bytes = REQUEST_MAX_BYTES - job_of(name).size_bytes
        while len(taken) < self._alerts_a_request and (name := self.agenda.due(now_ms)) is not None:
            job = job_of(name)
            room_bytes -= job.size_bytes
            if job.is_alone or room_bytes < 0:
                break
            taken.append(name)
            self.agenda.drop(name)
        return taken

    def take_beat(self, now_ms: int, is_quiet: Callable[[str], bool]) -> tuple[Delivery, ...]:
        """What to say once more, after `take` had nothing left; it must come back through `beat_came_back`."""
        beat_ms, free_ms = self._beat_ms(), self._free_ms()
        if self.beats is None or self.refusal or beat_ms is None or max(beat_ms, free_ms or 0) > now_ms:
            return ()
        told = self.beats.take(now_ms, is_quiet) if free_ms is not None else ()
        if told:
            self._sets_out(now_ms)
            self._beats_under_way += 1
        return told

    def came_back(self, sent: Sent, now_ms: int, latest_ms: int) -> None:
        """Note what became of a try; a pause the target asks for holds for all, until `latest_ms` at most."""
        self._under_way -= 1
        if sent.judgement is _RETRY:
            self._breaker.failed(now_ms)
            self.failure = sent.error
        else:
            self._breaker.succeeded(now_ms)
        if sent.judgement is _RETRY and sent.retry_after_ms:
            self._held_until_ms = max(self._held_until_ms, min(now_ms + sent.retry_after_ms, latest_ms))
        self.is_gone = self.is_gone or (sent.judgement is Judgement.REFUSED and sent.status == GONE)

    def beat_came_back(self, sent: Sent, now_ms: int) -> None:
        """Note what became of a heartbeat; the next one says the same, so nothing is tried again."""
        self._beats_under_way -= 1
        self.came_back(sent, now_ms, now_ms + BEAT_HOLDS_MS)

    def _beat_ms(self) -> int | None:
        if self.beats is None or self._beats_under_way >= self._beats_max:
            return None
        return self.beats.next_ms()

    def _free_ms(self) -> int | None:
        """When a try may be made; None: not before another has come back."""
        free_ms = self._breaker.next_ms()
        if free_ms is None or self._under_way >= self._max_concurrent:
            return None
        rate_ms = self._bucket.next_ms() if self._bucket is not None else 0
        return max(free_ms, rate_ms, self._held_until_ms)

    def _sets_out(self, now_ms: int) -> bool:
        """Whether a try may be made now; then it is."""
        free_ms = self._free_ms()
        if free_ms is None or free_ms > now_ms:
            return False
        self._under_way += 1
        self._breaker.take()
        if self._bucket is not None:
            self._bucket.take(now_ms)
        return True

    def is_open(self, fingerprint: str) -> bool:
        """Whether a firing of this alert may have reached the target, and no resolve since."""
        return fingerprint in self._open

    def keeps(self, fingerprint: str) -> bool:
        """Whether it is open there, or kept alive there as firing."""
        return self.is_open(fingerprint) or (self.beats is not None and self.beats.is_firing(fingerprint))

    def open(self, fingerprint: str) -> bool:
        """Remember that a firing may have reached it; whether another had to be forgotten for that."""
        self._open[fingerprint] = None
        is_full = len(self._open) > OPEN_MAX
        if is_full:
            del self._open[next(iter(self._open))]
        return is_full

    def closed(self, fingerprint: str) -> None:
        """Nothing of this alert is open there."""
        self._open.pop(fingerprint, None)

    def all_open(self) -> list[str]:
        """What is remembered as open, the oldest first."""
        return list(self._open)
