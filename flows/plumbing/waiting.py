"""Alerts that wait for what a model says of them: each until its deadline, the events of one alert in their order."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, NamedTuple

from alerts.advice import Advice, How
from alerts.alert import Arrival, Envelope, Status
from alerts.decision import Verdict
from flows.steps.dedup import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from alerts.alert import Alert
    from flows.steps.classify import Judged

Plain = dict[str, Any]


class Row(NamedTuple):
    """An alert event that waits, with all that its chunk knew of it."""

    offset: int
    """Of the record it came in."""
    arrival: Arrival
    seen: Seen
    alert: Alert
    judged: Judged
    """By the rules alone."""
    template: str
    """Its id."""
    advice: Advice | None
    """What is known already, so that it only waits for its turn; None: it waits for the model."""
    came_ms: int
    until_ms: int


class _Line:
    """The events of one alert that wait, the oldest first."""

    __slots__ = ("rows", "until_ms")

    def __init__(self, until_ms: int) -> None:
        self.rows: deque[Row] = deque()
        self.until_ms = until_ms
        """Of whichever may wait least: none waits longer than one behind it may."""


class Waiting:
    """Those of one partition."""

    def __init__(self) -> None:
        self._alerts: dict[str, _Line] = {}
        """By fingerprint, the alert that waits longest first."""
        self._templates: dict[str, Counter[str]] = {}
        """By template: how many events of which alerts wait for it."""
        self._deadlines: list[tuple[int, str]] = []
        """A heap of when whose time is up; some may have left."""
        self._count = 0
        self.size_bytes = 0
        """Of the alerts as they came."""

    def __len__(self) -> int:
        return self._count

    def __contains__(self, fingerprint: str) -> bool:
        return fingerprint in self._alerts

    def __iter__(self) -> Iterator[Row]:
        for line in self._alerts.values():
            yield from line.rows

    def add(self, row: Row) -> None:
        """One more waits, behind those of its alert."""
        fingerprint = row.alert.fingerprint
        line = self._alerts.setdefault(fingerprint, _Line(row.until_ms))
        line.rows.append(row)
        if row.until_ms < line.until_ms or len(line.rows) == 1:
            line.until_ms = row.until_ms
            heapq.heappush(self._deadlines, (row.until_ms, fingerprint))
        if row.advice is None:
            self._templates.setdefault(row.template, Counter())[fingerprint] += 1
        self._count += 1
        self.size_bytes += len(row.arrival.line)

    def hurry(self, fingerprint: str) -> None:
        """The time of this alert is up."""
        line = self._alerts.get(fingerprint)
        if line is not None:
            line.until_ms = 0
            heapq.heappush(self._deadlines, (0, fingerprint))

    def leave(self, settled: Callable[[str], Advice | None], now_ms: float) -> list[tuple[Row, Advice]]:
        """Those whose wait is over, with what came of it: of each alert the older first.

        Args:
            settled: What came of waiting for a template; None: nothing so far.
            now_ms: On the clock of `until_ms`; infinity: everybody's time is up.
        """
        known = {template: said for template in self._templates if (said := settled(template)) is not None}
        moved = dict.fromkeys(one for template in known for one in self._templates[template])
        due: list[str] = []
        while self._deadlines and self._deadlines[0][0] <= now_ms:
            due.append(heapq.heappop(self._deadlines)[1])
        moved |= dict.fromkeys(due)
        left = [one for fingerprint in moved for one in self._leave(fingerprint, known, now_ms)]
        for fingerprint in due:
            # What was due may have left before, and others of its alert have come since.
            if fingerprint in self._alerts:
                heapq.heappush(self._deadlines, (self._alerts[fingerprint].until_ms, fingerprint))
        return left

    def _leave(self, fingerprint: str, known: Mapping[str, Advice], now_ms: float) -> Iterator[tuple[Row, Advice]]:
        line = self._alerts.get(fingerprint)
        while line is not None and line.rows:
            first = line.rows[0]
            said = first.advice or known.get(first.template)
            if said is None and line.until_ms > now_ms:
                return
            self._pop(line)
            yield first, said or Advice(first.template, How.LATE, None)

    def _pop(self, line: _Line) -> None:
        row = line.rows.popleft()
        fingerprint = row.alert.fingerprint
        self._count -= 1
        self.size_bytes -= len(row.arrival.line)
        if row.advice is None:
            waiting = self._templates[row.template]
            waiting[fingerprint] -= 1
            if not waiting[fingerprint]:
                del waiting[fingerprint]
            if not waiting:
                del self._templates[row.template]
        if not line.rows:
            del self._alerts[fingerprint]
        if not self._alerts:
            self._deadlines.clear()


def to_plain(offset: int, arrival: Arrival, seen: Seen) -> Plain:
    """What a snapshot holds of one that waits: the alert as it came and what dedup said; all else comes of it again."""
    return {
        "offset": offset,
        "arrival": [*arrival[:2], arrival.status.value, *arrival[3:6]],
        "envelope": arrival.envelope.plain(),
        "line": arrival.line,
        "verdict": list(seen.verdict),
        "transition": seen.transition,
    }


def from_plain(plain: Plain) -> tuple[int, Arrival, Seen]:
    """What `to_plain` was given: the offset, the alert as it came, and what dedup said."""
    id_, fingerprint, status, name, starts_at, ends_at = plain["arrival"]
    envelope = Envelope(**plain["envelope"])
    arrival = Arrival(id_, fingerprint, Status(status), name, starts_at, ends_at, envelope, plain["line"])
    return plain["offset"], arrival, Seen(Verdict(*plain["verdict"]), plain["transition"])
