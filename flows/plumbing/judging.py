"""Runs `Classify` over the chunks of one partition; where there is a model, alerts may wait for it."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, TypedDict

from bytewax.operators import StatefulBatchLogic

from alerts.advice import Advice, How
from alerts.alert import Status
from alerts.errors import FormatError
from flows import metrics
from flows.chunk import Chunk
from flows.guard_rails import weigh
from flows.plumbing.parting import of_those, passed, reopened, without
from flows.plumbing.rows import failed, run
from flows.plumbing.timed import Timed
from flows.plumbing.waiting import Row, Waiting, to_plain
from flows.steps import classify as classifying
from flows.told import NOTHING, Told

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alerts.alert import Alert
    from flows.governor import Kept
    from flows.plumbing.asking import Adviser
    from flows.plumbing.waiting import Plain
    from flows.steps.classify import Classify, Judged
    from flows.told import Saved as TellSaved

    Said = tuple[str, Advice | None]
    """A template's id and what the model says of it; None: the alert may wait for that."""

VERSION = 1
# In one partition: far more than a deadline's worth of new templates brings. What comes beyond is judged by rules.
WAITING_MAX = 10_000
WAITING_MAX_BYTES = 8 * 1024**2

_AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
_FIRING = Status.FIRING


class Saved(TypedDict):
    """What a snapshot holds of a partition."""

    v: int
    partition: int
    waiting: list[Plain]
    kept: Kept | None
    """What this partition had the model asked; None: there was no model."""
    told: TellSaved
    """What the alerts that fire were weighed by."""


class ClassifyLogic(StatefulBatchLogic[Chunk, Chunk, Saved]):
    """Chunks in, chunks with their alerts judged out; what waits comes out later, in chunks of its own."""

    def __init__(self, step: Classify, asking: Adviser | None, state: Saved | None) -> None:
        """Judge by `step`, and have a model asked by `asking`, if there is one; `state` is the snapshot."""
        self._step = step
        self._asking = asking
        self._waiting = Waiting()
        self._told = Told(None if state is None else state.get("told"))
        self._partition = 0
        self._restored: list[Plain] = []
        """What waited when the last process ended; it is asked about again once all partitions know what they knew."""
        self._kept: Kept | None = None
        """What the snapshot knows of a model, handed on while none is configured."""
        if state is not None:
            self._restore(state)
        if asking is not None:
            asking.pending.watch(self.oldest_ms)

    @property
    def _owner(self) -> str:
        return str(self._partition)

    def _restore(self, state: Saved) -> None:
        if state["v"] != VERSION:
            raise FormatError(f"state of classify, version {state['v']!r}; this Winnow reads {VERSION}")
        self._partition = state["partition"]
        self._restored = state["waiting"]
        self._kept = state["kept"]
        if self._asking is not None and self._kept is not None:
            self._asking.restore(self._owner, self._kept)

    def on_batch(self, values: list[Chunk]) -> tuple[Iterable[Chunk], bool]:
        """The chunks, without what waits."""
        out = self._left()
        for chunk in values:
            self._partition = chunk.partition
            if hurried := [fingerprint for fingerprint in self._behind(chunk) if fingerprint in self._waiting]:
                for fingerprint in hurried:
                    self._waiting.hurry(fingerprint)
                out += self._left()
            out.append(self._judge(chunk))
        if self._asking is not None:
            self._asking.poll()
        return out, StatefulBatchLogic.RETAIN

    def _behind(self, chunk: Chunk) -> Iterable[str]:
        """The alerts that have waited long enough, for what comes now stands behind them and cannot wait."""
        if chunk.retry is not None:
            return (chunk.retry.delivery.alert.fingerprint,)
        return (alert.fingerprint for alert in chunk.alerts) if self._is_full else ()

    @property
    def _is_full(self) -> bool:
        return len(self._waiting) >= WAITING_MAX or self._waiting.size_bytes >= WAITING_MAX_BYTES

    def on_notify(self) -> tuple[Iterable[Chunk], bool]:
        """What waits no longer."""
        return self._left(), StatefulBatchLogic.RETAIN

    def notify_at(self) -> datetime | None:
        """At once while anything is waited for: the source's wait paces it, and an answer ends that."""
        is_asked = self._asking is not None and self._asking.is_busy(self._owner)
        return _AT_ONCE if self._waiting or self._restored or is_asked else None

    def snapshot(self) -> Saved:
        """What waits, and what this partition had the model asked."""
        waiting = [*self._restored, *(to_plain(row.offset, row.arrival, row.seen) for row in self._waiting)]
        kept = self._kept if self._asking is None else self._asking.keep(self._owner)
        return Saved(v=VERSION, partition=self._partition, waiting=waiting, kept=kept, told=self._told.save())

    def oldest_ms(self) -> int | None:
        """When the oldest alert that waits was accepted; None if none waits."""
        restored = (plain["envelope"]["accepted_ms"] for plain in self._restored)
        waiting = (row.arrival.envelope.accepted_ms for row in self._waiting)
        return min(chain(restored, waiting), default=None)

    def _judge(self, chunk: Chunk) -> Chunk:
        timed = Timed(self._step) if chunk.is_awaited else None
        judged = run("classify", timed or self._step, classifying.if_it_raised, chunk.alerts)
        if self._asking is not None:
            chunk, judged = self._advised(self._asking, chunk, judged)
        _count(judged)
        judging = chunk.judging if timed is None else timed.judging(chunk.alerts, judged)
        return chunk._replace(judged=judged, judging=judging)

    def _advised(self, asking: Adviser, chunk: Chunk, judged: list[Judged]) -> tuple[Chunk, list[Judged]]:
        """Each with what the model says, without those that wait for it."""
        now_ms = asking.now_ms()
        said = [asking.advice(alert, self._owner, now_ms) for alert in chunk.alerts]
        ready = [advice for _, advice in said if advice is not None]
        if self._waiting or len(ready) < len(said):
            waiting = self._wait(asking, chunk, list(zip(judged, said, strict=True)))
            ready = [
                advice or Advice(template, How.TOO_MANY, None)
                for place, (template, advice) in enumerate(said)
                if place not in waiting
            ]
            judged = [row for place, row in enumerate(judged) if place not in waiting]
            chunk = without(chunk, waiting)
        return chunk, list(map(self._weighed, chunk.alerts, judged, ready))

    def _wait(self, asking: Adviser, chunk: Chunk, rows: list[tuple[Judged, Said]]) -> frozenset[int]:
        """Let wait what may, and what comes after an event of its alert that waits; their places."""
        now_ms = asking.now_ms()
        waiting: set[int] = set()
        for place, (offset, arrival, seen) in enumerate(passed(chunk)):
            judged, (template, advice) = rows[place]
            if arrival.fingerprint in self._waiting or (advice is None and not self._is_full):
                until_ms = now_ms + asking.wait_ms(judged.weighed)
                row = Row(offset, arrival, seen, chunk.alerts[place], judged, template, advice, now_ms, until_ms)
                self._waiting.add(row)
                waiting.add(place)
        self._count_waiting(asking, len(waiting))
        return frozenset(waiting)

    def _left(self) -> list[Chunk]:
        """What waits no longer, judged."""
        out: list[Chunk] = []
        if self._restored:
            chunk = reopened(self._partition, self._restored)
            self._restored = []
            out.append(self._judge(chunk))
        if self._asking is not None:
            self._asking.poll()
            out += self._settled(self._asking)
        return out

    def _settled(self, asking: Adviser) -> list[Chunk]:
        now_ms = asking.now_ms()
        until_ms = math.inf if asking.is_ending else now_ms
        left = self._waiting.leave(lambda template: asking.settled(template, now_ms), until_ms)
        if not left:
            return []
        self._count_waiting(asking, -len(left))
        judged = [self._weighed(row.alert, row.judged, advice) for row, advice in left]
        _count(judged)
        return [of_those(self._partition, [row for row, _ in left], judged, now_ms)]

    def _count_waiting(self, asking: Adviser, more: int) -> None:
        asking.waiting += more
        asking.pending.changed()
        metrics.llm_waiting.inc(more)

    def _weighed(self, alert: Alert, judged: Judged, advice: Advice) -> Judged:
        try:
            if advice is NOTHING:
                advice = self._told.resolved(alert.fingerprint)
            elif alert.status is _FIRING:
                self._told.fired(alert.fingerprint, advice)
            return weigh(judged, advice)
        except Exception as error:  # noqa: BLE001 without the model's word the rules' holds
            failed("classify", error)
            return judged


def _count(judged: Sequence[Judged]) -> None:
    # The plain word of each: a member of an enumeration is hashed by Python code.
    metrics.count("classify", [row.told.severity._value_ for row in judged])
    # Counted by identity: to hash a word of an enumeration costs more than all else here, and few objects differ.
    rows = {id(row): row for row in judged if row.advice is not None}
    times = Counter(map(id, judged)) if rows else {}
    for place, row in rows.items():
        if row.advice is not None:
            metrics.llm_alerts.labels(how=row.advice.how.value).inc(times[place])
        for guard in row.guards:
            metrics.llm_guards.labels(guard=guard).inc(times[place])
