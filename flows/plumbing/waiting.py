"""Alerts that wait for what a model says of them: each until its deadline, the events of one alert in their order."""

from __future__ import annotations

import heapq
from collections import deque
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


class Waiting:
    """Those of one partition."""

    def __init__(self) -> None:
        self._alerts: dict[str, deque[Row]] = {}
        """By fingerprint, the oldest event first; the alert that waits longest first."""
        self._templates: dict[str, dict[str, None]] = {}
        """By template: the fingerprints that wait for it."""
        self._deadlines: list[tuple[int, str]] = []
        """A heap of when whose time is up; some may have left."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, fingerprint: str) -> bool:
        return fingerprint in self._alerts

    def __iter__(self) -> Iterator[Row]:
        for rows in self._alerts.values():
            yield from rows

    def add(self, row: Row) -> None:
        """One more waits, behind those of its alert, which then wait no longer than it may."""
        fingerprint = row.alert.fingerprint
        older = self._alerts.get(fingerprint, ())
        rows = [one._replace(until_ms=min(one.until_ms, row.until_ms)) for one in older]
        self._alerts[fingerprint] = deque((*rows, row))
        if row.advice is None:
            self._templates.setdefault(row.template, {})[fingerprint] = None
        heapq.heappush(self._deadlines, (row.until_ms, fingerprint))
        self._count += 1

    def hurry(self, fingerprint: str) -> None:
        """The time of this alert is up."""
        rows = self._alerts.get(fingerprint, ())
        if rows:
            self._alerts[fingerprint] = deque(row._replace(until_ms=0) for row in rows)
            heapq.heappush(self._deadlines, (0, fingerprint))

    def leave(self, settled: Callable[[str], Advice | None], now_ms: int) -> list[tuple[Row, Advice]]:
        """Those whose wait is over, with what came of it: of each alert the older first.

        Args:
            settled: What came of waiting for a template; None: nothing so far.
            now_ms: On the clock of `until_ms`.
        """
        known = {template: said for template in self._templates if (said := settled(template)) is not None}
        moved = dict.fromkeys(one for template in known for one in self._templates[template])
        while self._deadlines and self._deadlines[0][0] <= now_ms:
            moved[heapq.heappop(self._deadlines)[1]] = None
        return [left for fingerprint in moved for left in self._leave(fingerprint, known, now_ms)]

    def _leave(self, fingerprint: str, known: Mapping[str, Advice], now_ms: int) -> Iterator[tuple[Row, Advice]]:
        rows = self._alerts.get(fingerprint)
        while rows:
            said = rows[0].advice or known.get(rows[0].template)
            if said is None and rows[0].until_ms > now_ms:
                return
            row = self._pop(rows)
            yield row, said or Advice(row.template, How.LATE, None)

    def _pop(self, rows: deque[Row]) -> Row:
        row = rows.popleft()
        self._count -= 1
        waiting = self._templates.get(row.template)
        if waiting is not None and not any(one.template == row.template for one in rows):
            waiting.pop(row.alert.fingerprint, None)
            if not waiting:
                del self._templates[row.template]
        if not rows:
            del self._alerts[row.alert.fingerprint]
        if not self._alerts:
            self._deadlines.clear()
        return row


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
