"""Runs a candidate beside the flow: it judges the same alerts, and what it decides is written down and nothing else.

It takes the alerts as dedup has let them go, each record once and in its order, and from classify what the model said.
Whatever goes wrong in here stays in here: it is counted, logged, and written down beside the decisions.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypedDict

import structlog
from bytewax.operators import StatefulBatchLogic

from alerts.record import open_alert
from connectors.request import Message
from flows import metrics, plan
from flows.chunk import Chunk
from flows.guard_rails import weigh
from flows.plumbing.candidate import UNRECORDED, Overheard, remembered
from flows.plumbing.keyed import Around, DedupLogic
from flows.plumbing.keyed import Saved as DedupSaved
from flows.plumbing.parting import passed, without
from flows.plumbing.rows import run
from flows.plumbing.waiting import from_plain, to_plain
from flows.remembering import Known, Remembering
from flows.steps import classify as classifying
from flows.steps import filter as filtering
from flows.trail import decided, fitted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alerts.advice import Advice
    from alerts.alert import Alert, Arrival
    from flows.plumbing.candidate import Shadow
    from flows.plumbing.waiting import Plain
    from flows.steps.dedup import Seen

    Rows = dict[str, tuple[int, Arrival, Seen]]

VERSION = 1
# More than come through the flow at a time; what waits beyond is judged by rules.
WAITING_MAX = 10_000
_LOGGED_MAX = 100

log = structlog.get_logger()


class Saved(TypedDict):
    """What a snapshot holds of a partition."""

    v: int
    config: str
    """Whose state this is: another candidate begins anew."""
    partition: int
    begun_ms: int
    next: int
    """Offset behind the last record: if the flow goes on elsewhere it was without a shadow for a while."""
    dedup: DedupSaved
    waiting: list[Plain]


class ShadowLogic(StatefulBatchLogic[Chunk | Overheard, Message, Saved | None]):
    """Runs one partition; nothing that it is called with raises."""

    def __init__(self, shadow: Shadow, state: Saved | None) -> None:
        self._shadow = shadow
        self._faults: Counter[tuple[str, str]] = Counter()
        self._partition = 0
        self._known: dict[str, Known] = {}
        self._opened: dict[str, Alert] = {}
        """By input id, the alerts of this chunk that the flow has let pass."""
        self._heard: dict[str, Advice] = {}
        """Of alerts that are yet to come here; of one that has come and does not wait, nobody will ask."""
        self._begin()
        if state is not None:
            try:
                self._resume(state)
            except Exception as error:  # noqa: BLE001 a state that cannot be used is none
                self._failed("resume", error)
                self._begin()

    def _begin(self) -> None:
        self._begun_ms = 0
        """When the first alert was accepted that it saw; 0: none yet."""
        self._next: int | None = None
        """None: it has seen nothing yet."""
        self._is_resumed = False
        self._waiting: Rows = {}
        """By input id; what the model says of them is not known yet."""
        self._dedup = self._made(None)

    def _resume(self, state: Saved) -> None:
        if state["v"] != VERSION or state["config"] != self._shadow.version:
            return
        self._dedup = self._made(state["dedup"])
        self._waiting = {row[1].id: row for row in map(from_plain, state["waiting"])}
        self._partition = int(state["partition"])
        self._begun_ms, self._next, self._is_resumed = int(state["begun_ms"]), int(state["next"]), True

    def _made(self, state: DedupSaved | None) -> DedupLogic:
        around = Around(_nothing, self._failed, self._open)
        return DedupLogic(Remembering(self._shadow.window, self._known), state, around=around)

    def _open(self, arrival: Arrival) -> Alert:
        """As the flow has opened it, if it has: to read it once more would cost a seventh of all this."""
        return self._opened.get(arrival.id) or open_alert(arrival)

    def on_batch(self, values: list[Chunk | Overheard]) -> tuple[Iterable[Message], bool]:
        """What the candidate decides, as messages."""
        out: list[Message] = []
        for value in values:
            try:
                out += self._hear(value) if isinstance(value, Overheard) else self._judge(value)
            except Exception as error:  # noqa: BLE001 a candidate may not end the flow
                self._failed("shadow", error)
        out += self._confessed()
        return out, StatefulBatchLogic.RETAIN

    def snapshot(self) -> Saved | None:
        """What the candidate remembers; None: nothing yet, or nothing that could be saved."""
        if self._next is None:
            return None
        try:
            return Saved(
                v=VERSION,
                config=self._shadow.version,
                partition=self._partition,
                begun_ms=self._begun_ms,
                next=self._next,
                dedup=self._dedup.snapshot(),
                waiting=[to_plain(*row) for row in self._waiting.values()],
            )
        except Exception as error:  # noqa: BLE001 without a state it begins anew
            self._failed("snapshot", error)
            return None

    def _judge(self, chunk: Chunk) -> list[Message]:
        self._partition = chunk.partition
        if chunk.records or chunk.unreadable:
            self._follow(chunk)
        if not chunk.arrivals:
            return []
        now_ms = chunk.arrivals[0].envelope.accepted_ms
        self._shadow.allowance.look(now_ms)
        self._begun_ms = self._begun_ms or now_ms
        # What waited for a model that the flow does not ask any more.
        left = {} if self._shadow.hears else {id_: (row[0], UNRECORDED) for id_, row in self._waiting.items()}
        before = self._hear(Overheard(left))
        return [*before, *self._decide(chunk, now_ms)]

    def _decide(self, chunk: Chunk, now_ms: int) -> list[Message]:
        self._known.clear()
        if now_ms - self._begun_ms < self._shadow.follows.total_seconds() * 1000:
            # What passed since, it has met itself, and may have forgotten: its window may be shorter.
            self._known.update(row for row in remembered(chunk) if row[1].passed_ms < self._begun_ms)
        self._opened = {alert.id: alert for alert in chunk.alerts}
        ((own,), _) = self._dedup.on_batch([chunk._replace(unreadable=[], seen=(), alerts=(), transitions=())])
        if not self._shadow.has_model:
            return self._decided(own, None)
        advice: list[Advice] = []
        waits: set[int] = set()
        answered = {arrival.id for _, arrival, _ in passed(chunk)} if self._shadow.hears else set()
        for place, row in enumerate(passed(own)):
            id_ = row[1].id
            if id_ in answered and id_ not in self._heard and len(self._waiting) < WAITING_MAX:
                waits.add(place)
                self._waiting[id_] = row
            else:
                advice.append(self._heard.get(id_, UNRECORDED))
        for id_ in answered:
            self._heard.pop(id_, None)
        return self._decided(without(own, waits) if waits else own, advice)

    def _follow(self, chunk: Chunk) -> None:
        """Begin with the first chunk, and anew if others went by without this step."""
        offsets = [*(offset for offset, _ in chunk.records), *(one.offset for one in chunk.unreadable)]
        if self._next is None or (self._is_resumed and min(offsets) > self._next):
            self._begin()
        self._is_resumed = False
        self._next = max(offsets) + 1

    def _hear(self, overheard: Overheard) -> list[Message]:
        rows: list[tuple[int, Arrival, Seen]] = []
        advice: list[Advice] = []
        for id_, (offset, said) in overheard.said.items():
            row = self._waiting.pop(id_, None)
            if row is not None:
                rows.append(row)
                advice.append(said)
            elif offset >= (self._next or 0):
                self._heard[id_] = said
        while len(self._heard) > WAITING_MAX:
            del self._heard[next(iter(self._heard))]
        return self._decided(_reopened(self._partition, rows), advice) if rows else []

    def _decided(self, chunk: Chunk, advice: list[Advice] | None) -> list[Message]:
        """What the candidate says of a chunk; nothing if that takes too long: its dedup knows of it all the same."""
        allowance = self._shadow.allowance
        if not allowance.allows():
            metrics.shadow_skipped.inc(len(chunk.arrivals))
            _log_once(
                ("shadow", "skipped"), "shadow_skipped", so="it takes too long: the flow is behind and goes first"
            )
            return []
        try:
            return self._all_steps(chunk, advice)
        finally:
            allowance.end()

    def _all_steps(self, chunk: Chunk, advice: list[Advice] | None) -> list[Message]:
        shadow, tell = self._shadow, self._failed
        judged = run("classify", shadow.classify, classifying.if_it_raised, chunk.alerts, tell=tell)
        if advice is not None:
            judged = list(map(weigh, judged, advice))
        weights = [row.weighed for row in judged], [row.alone for row in judged]
        filtered = run("filter", shadow.filter, filtering.if_it_raised, chunk.alerts, *weights, tell=tell)
        routed = run("route", shadow.route, shadow.route.if_it_raised, chunk.alerts, *weights, tell=tell)
        chunk = chunk._replace(judged=judged, filtered=filtered, routed=routed)
        chunk = chunk._replace(planned=plan.deliveries(chunk, shadow.keepers))
        return [self._message(value) for value in decided(chunk, self._head())] if chunk.arrivals else []

    def _head(self) -> dict[str, object]:
        return {"v": VERSION, "config": self._shadow.version, "live": self._shadow.live, "begun_ms": self._begun_ms}

    def _message(self, value: bytes) -> Message:
        return Message(self._shadow.topic, value, partition=self._partition)

    def _failed(self, step: str, error: Exception) -> None:
        metrics.shadow_errors.labels(step=step).inc()
        told = step, type(error).__name__
        self._faults[told] += 1
        _log_once(told, "shadow_raised", step=step, error=f"{told[1]}: {error}"[:300], so="the flow goes on")

    def _confessed(self) -> Iterator[Message]:
        """What went wrong since it was last said."""
        if self._faults:
            rows: list[dict[str, object]] = [
                {"step": step, "error": error, "times": times} for (step, error), times in self._faults.items()
            ]
            self._faults.clear()
            yield from map(self._message, fitted(self._head(), "faults", rows))


# Each once in the life of the process: what fails for one alert fails for the next.
_logged: set[tuple[str, str]] = set()


def _log_once(what: tuple[str, str], event: str, **said: str) -> None:
    if what not in _logged and len(_logged) < _LOGGED_MAX:
        _logged.add(what)
        log.error(event, **said)


def _nothing(step: str, outcomes: Iterable[str]) -> None:
    """What a candidate says is no verdict of the flow."""


def _reopened(partition: int, rows: list[tuple[int, Arrival, Seen]]) -> Chunk:
    return Chunk(
        partition,
        [arrival for _, arrival, _ in rows],
        [],
        [(offset, 1) for offset, _, _ in rows],
        seen=[seen for _, _, seen in rows],
        alerts=[open_alert(arrival) for _, arrival, _ in rows],
        transitions=[seen.transition or "" for _, _, seen in rows],
    )
