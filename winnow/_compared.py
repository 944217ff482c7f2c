"""What is decided now, counted and held against what was recorded."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from contextlib import suppress
from itertools import repeat
from typing import TYPE_CHECKING, Protocol

from flows.decided import accepted_ms, body, decode, end, ends, fingerprint, joined, lines, within
from flows.differences import differences
from flows.totals import Totals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flows.decided import Line
    from flows.differences import Difference
    from winnow._recorded import Recorded, Span


# A record holds at most some thousand decisions; a few of these may be missing.
_AHEAD_MAX = 10_000


class Counting(Protocol):
    """Takes note of what is decided, some partitions at a time."""

    def begin(self, recorded: Recorded) -> None:
        """Go on with alerts about which this was decided; all decisions about an alert are in it."""

    def take(self, value: bytes, partition: int) -> None:
        """Take a record of decisions; in a partition they come in order."""

    def end(self) -> None:
        """All of them were taken."""


class Tally:
    """Counts what is decided about the alerts of a time range, whatever was recorded of it."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self.totals = Totals()

    def begin(self, recorded: Recorded) -> None:
        """Nothing is compared."""

    def end(self) -> None:
        """Nothing is left."""

    def take(self, value: bytes, partition: int) -> None:  # noqa: ARG002 of any
        """Count the decisions of a record."""
        _, since_ms, until_ms = self._span
        self.totals.add(text for _, text in within(lines(value), since_ms, until_ms))


class Ahead:
    """What was decided in a partition, in its order, and how much of that has been met again."""

    def __init__(self, ids: list[bytes], rows: Mapping[bytes, bytes]) -> None:
        self._ids = ids
        self._next = 0
        self._ends = ends(map(rows.__getitem__, ids))

    def ids(self, now: bytes) -> list[bytes]:
        """The next input ids, of as many decisions as have the length of this body."""
        start = self._ends[self._next - 1] if self._next else 0
        return self._ids[self._next : bisect_left(self._ends, end(now, start), self._next) + 1]

    def passed(self, id_: bytes) -> None:
        """Go on behind this one, if it is not far ahead: what is not found is met somewhere else."""
        with suppress(ValueError):
            self._next = self._ids.index(id_, self._next, self._next + _AHEAD_MAX) + 1


class Comparison:
    """The same, beside what was decided before: only what is in both is counted in the totals."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._same, self._old, self._new = Totals(), Totals(), Totals()
        self.not_recorded = 0
        """Judged now, and no decision is kept: the flow has not read it yet, or Kafka dropped the decision."""
        self.not_kept = 0
        """Decided then, and its webhook is not kept."""
        self.found: list[Difference] = []
        self._ahead: dict[int, Ahead] = {}
        """By partition."""
        self._rows: dict[bytes, bytes] = {}
        self._again: dict[bytes, bytes] = {}
        self._changed: dict[bytes, tuple[bytes, bytes]] = {}
        """By input id, what was decided and what is; of an id that comes twice the last holds."""

    def begin(self, recorded: Recorded) -> None:
        """Go on with the alerts of these decisions, to which all decisions about an alert belong."""
        self._rows, self._again = recorded.rows, recorded.again
        self._ahead = {partition: Ahead(ids, self._rows) for partition, ids in recorded.order.items()}

    def take(self, value: bytes, partition: int) -> None:
        """Compare the decisions of a record; most say what was decided next in their partition, byte for byte."""
        ahead, now = self._ahead.get(partition), body(value)
        if ahead is not None:
            ids = ahead.ids(now)
            taken = list(map(self._rows.pop, ids, repeat(None)))
            texts = [text for text in taken if text is not None]  # one of them may have been met out of its turn
            if texts and joined(texts) == now:
                self._same.add(texts)
                ahead.passed(ids[-1])
                return
            self._rows.update((id_, text) for id_, text in zip(ids, taken, strict=True) if text is not None)
        _, since_ms, until_ms = self._span
        found = within(lines(value), since_ms, until_ms)
        self.hold(found)
        if ahead is not None and found:
            ahead.passed(found[-1][0])

    def hold(self, found: Sequence[Line]) -> None:
        """Compare decisions."""
        texts = [text for _, text in found]
        before = self._rows.pop
        olds = [before(id_, None) for id_, _ in found]
        if olds == texts:  # most are
            self._same.add(texts)
            return
        for line, old in zip(found, olds, strict=True):
            self._compare(line, old)

    def end(self) -> None:
        """The alerts that it began with are through."""
        self._old.add(old for old, _ in self._changed.values())
        self._new.add(text for _, text in self._changed.values())
        alerts: dict[bytes, list[tuple[Line, Line]]] = defaultdict(list)
        for id_, (old, text) in self._changed.items():
            alerts[fingerprint((id_, text))].append(((id_, old), (id_, text)))
        for pairs in alerts.values():  # decoded, all at once would be ten times as large
            # What has waited for a model may have been written behind what came after it.
            pairs.sort(key=lambda pair: accepted_ms(pair[0][1]))
            self.found += differences([(decode(old), decode(new)) for old, new in pairs])
        self.not_kept += sum(map(self._counts, self._rows.values()))
        self._changed.clear()
        self._rows, self._again, self._ahead = {}, {}, {}

    def before(self) -> Totals:
        """What was decided then."""
        return Totals.of(self._same, self._old)

    def after(self) -> Totals:
        """What is decided now."""
        return Totals.of(self._same, self._new)

    def _compare(self, line: Line, old: bytes | None) -> None:
        id_, text = line
        changed = self._changed.pop(id_, None)
        if old is None and changed is not None:
            old, _ = changed
        if old != text:
            old = self._again.get(id_, old)
        if old is None:
            self.not_recorded += self._counts(text)
        elif old == text:
            self._same.add([text])
        else:
            self._changed[id_] = old, text

    def _counts(self, text: bytes) -> bool:
        """Whether it was accepted in the range: what came out of the quarantine lies among what came much later."""
        return self._span.since_ms <= accepted_ms(text) < self._span.until_ms
