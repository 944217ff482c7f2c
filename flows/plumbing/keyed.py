"""The two steps that belong to a partition: convert (keyed so that bytes cross processes) and dedup (its state)."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from bytewax.operators import StatefulBatchLogic

from alerts.decision import Verdict
from alerts.errors import FormatError
from alerts.record import Stored, open_alert
from alerts.retry import Retry
from flows import metrics
from flows.chunk import Chunk, Unreadable, offsets
from flows.plumbing.account import account
from flows.plumbing.rows import failed
from flows.retried import Retried
from flows.steps import dedup as deduping
from flows.steps.dedup import Dedup, Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from alerts.alert import Alert, Arrival
    from flows.plumbing.silence import Silence
    from flows.steps.convert import Convert

# Over a thousand alerts a chunk nothing gets faster (bytewax.md), but latency and memory grow.
CHUNK_MAX_ALERTS = 1000


class ConvertLogic(StatefulBatchLogic[Stored, Chunk, None]):
    """Runs `Convert` over the records of one partition."""

    def __init__(self, convert: Convert) -> None:
        self._convert = convert

    def on_batch(self, values: list[Stored]) -> tuple[Iterable[Chunk], bool]:
        """Chunks of at most about a thousand alerts; a record is not cut."""
        metrics.consumed.inc(len(values))
        chunks: list[Chunk] = []
        chunk = Chunk(values[0].partition, [], [], [])
        for _, offset, accepted_ms, value in values:
            if len(chunk.arrivals) >= CHUNK_MAX_ALERTS:
                chunks.append(chunk)
                chunk = Chunk(chunk.partition, [], [], [])
            # A line for each alert: counted without the step that may lose one.
            account.came((chunk.partition, offset), _line_ends(value))
            try:
                found = self._convert(value, accepted_ms)
            except Exception as error:  # noqa: BLE001 whatever is wrong with a record, it is kept and the flow goes on
                if not isinstance(error, FormatError):
                    failed("convert", error)
                chunk.unreadable.append(Unreadable(offset, accepted_ms, f"{error}", value))
                continue
            if isinstance(found, Retry):
                account.left((chunk.partition, offset), _line_ends(value))
                chunks += (chunk, Chunk(chunk.partition, [], [], [(offset, 0)], retry=found))
                chunk = Chunk(chunk.partition, [], [], [])
            else:
                chunk.arrivals.extend(found)
                chunk.records.append((offset, len(found)))
                if found and found[0].envelope.reply:
                    chunk = chunk._replace(is_awaited=True)
        chunks.append(chunk)
        return chunks, StatefulBatchLogic.RETAIN

    def snapshot(self) -> None:
        """Nothing: convert remembers nothing."""


class Around(NamedTuple):
    """What dedup does beside judging; a candidate's does it otherwise."""

    say: Callable[[str, Iterable[str]], None]
    """Is told what it said of the alerts of a chunk, as `flows.metrics.count`."""
    failed: Callable[[str, Exception], None]
    """Is told what it raised, as `flows.plumbing.rows.failed`."""
    opened: Callable[[Arrival], Alert]
    """What passes, as `alerts.record.open_alert`."""


class Saved(deduping.Saved, total=False):
    """What a snapshot holds of a partition."""

    partition: int
    """Which partition it is; one without it was written before there were timers."""
    retried: list[int]
    """The dead letters that were sent again, see `flows.retried`; one without it was written before there were any."""


class DedupLogic(StatefulBatchLogic[Chunk, Chunk, Saved]):
    """Runs `Dedup` over the chunks of one partition and opens the alerts it passes."""

    def __init__(
        self,
        dedup: Dedup,
        state: Saved | None,
        silence: Silence | None = None,
        around: Around = Around(metrics.count, failed, open_alert),  # noqa: B008 made of functions
    ) -> None:
        """Run one partition; without `silence` nobody is resolved by it."""
        self._dedup = dedup
        self._around = around
        self._silence = silence
        self._partition = None if state is None else state.get("partition")
        self._not_before_ms = 0
        self._state = dedup.begin() if state is None else dedup.resume(state)
        self._retried = Retried(() if state is None else state.get("retried", ()))

    def on_batch(self, values: list[Chunk]) -> tuple[Iterable[Chunk], bool]:
        """Each chunk with what dedup said and the alerts that passed."""
        self._partition = values[-1].partition
        return [self._judge(chunk) for chunk in values], StatefulBatchLogic.RETAIN

    def on_notify(self) -> tuple[Iterable[Chunk], bool]:
        """Hand on whose end has come; they come back as records."""
        if self._silence is not None and self._partition is not None:
            for ending in self._silence.reports.take(self._partition):
                self._dedup.give_up(self._state, ending)
            due = partial(self._dedup.due, self._state)
            self._not_before_ms = self._silence.hand_on(self._partition, due)
        return (), StatefulBatchLogic.RETAIN

    def notify_at(self) -> datetime | None:
        """When the next end has come."""
        next_ms = self._state.memory.timers.next_ms()
        if self._silence is None or self._partition is None or next_ms is None:
            return None
        return datetime.fromtimestamp(max(next_ms + self._silence.grace_ms, self._not_before_ms) / 1000, UTC)

    def _judge(self, chunk: Chunk) -> Chunk:
        if chunk.retry is not None:
            return self._recall(chunk, chunk.retry)
        seen: list[Seen] = []
        alerts: list[Alert] = []
        transitions: list[str] = []
        state, timers = self._state, self._state.memory.timers
        judge, expect = self._dedup.__call__, self._dedup.expect  # a method is called quicker than an object
        say, failed, opened = self._around
        for arrival, offset in zip(chunk.arrivals, offsets(chunk), strict=True):
            try:
                said = judge(state, arrival)
                if arrival.ends_at is not None or timers.is_used:
                    expect(state, arrival, offset)
            except Exception as error:  # noqa: BLE001 doubt delivers: what dedup cannot judge goes on
                failed("dedup", error)
                said = _undecided(arrival, error)
            if said.transition is not None:
                try:
                    alerts.append(opened(arrival))
                    transitions.append(said.transition)
                except Exception as error:  # noqa: BLE001 whatever is wrong with a line, it is kept and the flow goes on
                    said = Seen(Verdict("unreadable", "line", {}), None)
                    self._dedup.forget(state, arrival)
                    chunk.unreadable.append(_unreadable(chunk, len(seen), arrival, error))
            seen.append(said)
        self._dedup.sweep(state, len(seen))
        say("dedup", [verdict.outcome for verdict, _ in seen])
        return chunk._replace(seen=seen, alerts=alerts, transitions=transitions)

    def _recall(self, chunk: Chunk, retry: Retry) -> Chunk:
        passed_ms = self._dedup.passed_ms(self._state, retry.delivery.alert.fingerprint)
        recalled = self._retried(retry, passed_ms)
        metrics.count("retry", [recalled.outcome])
        return chunk._replace(recalled=recalled)

    def snapshot(self) -> Saved:
        """A copy: the engine pickles it later than it asks for it."""
        kept = self._dedup.save(self._state)
        saved = Saved(v=kept["v"], now_ms=kept["now_ms"], rows=kept["rows"], retried=self._retried.plain())
        if self._partition is not None:
            saved["timers"], saved["partition"] = kept["timers"], self._partition
        return saved


def _line_ends(value: bytes) -> int:
    """`count` looks at one byte after another, which is slower by six times."""
    return len(value) - len(value.replace(b"\n", b""))


def _unreadable(chunk: Chunk, position: int, arrival: Arrival, error: Exception) -> Unreadable:
    """An arrival whose line cannot be opened, with the offset of the record it stands in."""
    offset = next(islice(offsets(chunk), position, None))
    return Unreadable(offset, arrival.envelope.accepted_ms, f"{arrival.id}: {error}", arrival.line)


def _undecided(arrival: Arrival, error: Exception) -> Seen:
    # As dedup calls what it cannot count: two changes of one name would be one notification.
    transition = f"{arrival.status}/{arrival.starts_at}/{arrival.id}.0"
    return Seen(Verdict("error", type(error).__name__, {}), transition)
