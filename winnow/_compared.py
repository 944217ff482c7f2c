"""What is decided now, counted and held against what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import orjson

from flows.decided import accepted_ms, lines
from flows.differences import differences
from flows.totals import Totals

if TYPE_CHECKING:
    from flows.differences import Difference
    from winnow._recorded import Recorded, Span


class Counting(Protocol):
    """Takes note of what is decided, some partitions at a time."""

    def begin(self, recorded: Recorded) -> None:
        """Go on with alerts about which this was decided; all decisions about an alert are in it."""

    def take(self, value: bytes) -> None:
        """Take a record of decisions."""

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

    def take(self, value: bytes) -> None:
        """Count the decisions of a record."""
        span, add = self._span, self.totals.add
        for line in lines(value):
            if span.since_ms <= accepted_ms(line.text) < span.until_ms:
                add(line.text)


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
        self._rows: dict[bytes, bytes] = {}
        self._changed: dict[bytes, tuple[bytes, bytes]] = {}
        """By input id, what was decided and what is; of an id that comes twice the last holds."""

    def begin(self, recorded: Recorded) -> None:
        """Go on with the alerts of these decisions, to which all decisions about an alert belong."""
        self._rows = recorded.rows

    def take(self, value: bytes) -> None:
        """Compare the decisions of a record."""
        span, rows, add = self._span, self._rows, self._same.add
        for id_, _, text in lines(value):
            if not span.since_ms <= accepted_ms(text) < span.until_ms:
                continue
            old = rows.pop(id_, None)
            if old == text:
                add(text)
            elif old is not None:
                self._changed[id_] = old, text
            elif id_ in self._changed:
                self._again(id_, text)
            else:
                self.not_recorded += 1

    def end(self) -> None:
        """The alerts that it began with are through."""
        for old, text in self._changed.values():
            self._old.add(old)
            self._new.add(text)
        pairs = [(orjson.loads(old), orjson.loads(text)) for old, text in self._changed.values()]
        self.found += differences(pairs)
        self.not_kept += len(self._rows)
        self._changed.clear()
        self._rows = {}

    def before(self) -> Totals:
        """What was decided then."""
        return Totals.of(self._same, self._old)

    def after(self) -> Totals:
        """What is decided now."""
        return Totals.of(self._same, self._new)

    def _again(self, id_: bytes, text: bytes) -> None:
        old, _ = self._changed[id_]
        self._changed[id_] = old, text
        if old == text:
            del self._changed[id_]
            self._same.add(text)
