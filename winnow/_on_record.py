"""What the decisions and webhooks topics hold of one target: what became of its notifications, what is under way."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from alerts import retry
from alerts.decision import Outcome
from alerts.errors import FormatError
from alerts.fingerprint import partition_of
from flows.decided import CLOCKS_DIFFER_MS, accepted_ms, fingerprint, lines, resolves, tells
from flows.retried import RETRIED

if TYPE_CHECKING:
    from alerts.config import Target
    from alerts.record import Stored
    from flows.decided import Line

Row = dict[str, Any]

_TRIED = frozenset({Outcome.DELIVERED, Outcome.DELIVERED_TO_FALLBACK, Outcome.DEAD_LETTERED})
_DECISIONS = b'"decisions":['


class End(NamedTuple):
    """What is on record of a notification."""

    accepted_ms: int
    outcome: str = ""
    """The newest; empty: it has none, or was taken out of the dead letters after it."""
    was_delivered: bool = False
    by_replay: bool = False


class Try(NamedTuple):
    """The newest delivery to the target that ended after it was tried."""

    ended_ms: int = 0
    """0: there is none."""
    error: str = ""
    """Why it was given up, or told elsewhere; empty: it was delivered."""


class Kept:
    """What is on record of one alert at the target."""

    __slots__ = "ends", "inputs", "is_over", "under_way"

    def __init__(self) -> None:
        self.ends: dict[str, End] = {}
        """By id."""
        self.inputs: dict[str, str] = {}
        """By the input id of an event, the id by which it was delivered."""
        self.under_way: set[str] = set()
        """Input ids of what the flow took on lately, at first or out of the dead letters, and has not ended since; and
        of dead letters that a retry was written for, which it has not come to."""
        self.is_over = False
        """It was resolved after the range, whoever was told."""


class Recent(NamedTuple):
    """From when on the flow may still be at work on something."""

    read_ms: int
    """What it has read since then it may not have decided yet."""
    begun_ms: int
    """What it has taken on since then may wait for the target."""


class OnRecord:
    """Fed with the records of some partitions: first what was decided there, then the webhooks."""

    def __init__(self, target: Target, until_ms: int, recent: Recent, partitions: int) -> None:
        """Of alerts that were accepted before `until_ms`."""
        self._target, self._until_ms = target.name, until_ms
        self._recent, self._partitions = recent, partitions
        self._name = orjson.dumps(target.name)
        self._needle = b'"target":' + self._name
        self._done_ms: dict[int, int] = {}
        """By partition: up to where the flow had come before `recent.read_ms`, by acceptance."""
        self._alerts: dict[str, Kept] = defaultdict(Kept)
        self._letters: set[str] = set()
        """The dead letters of which the flow said what it does with their retries."""
        self.newest = Try()

    def of(self, fingerprint: str) -> Kept:
        """What is on record of an alert."""
        return self._alerts[fingerprint]

    def clear(self) -> None:
        """Go on with other alerts."""
        self._alerts.clear()
        self._letters.clear()

    def is_unread(self, fingerprint: str, accepted_ms: int) -> bool:
        """Whether the flow may yet tell of an event of which it told nothing: it has not come so far, or only lately.

        Lately: what waits for a model is decided later than what came after it.
        """
        return self._is_ahead(partition_of(fingerprint, self._partitions), accepted_ms)

    def heard(self, record: Stored) -> None:
        """Take a record of the decisions topic."""
        if _DECISIONS in record.value:
            self._decided(record, lines(record.value))
        elif self._needle in record.value:
            self._ends(record)

    def stored(self, record: Stored) -> None:
        """Take a record of the webhooks topic: it may be a dead letter that is on its way back."""
        if not retry.is_retry(record.value) or self._needle not in record.value:
            return
        try:
            found = retry.decode(record.value)
        except FormatError:
            return  # the flow has no use for it either
        alert, is_ours = found.delivery.alert, found.delivery.target == self._target
        if is_ours and found.letter not in self._letters and self._is_ahead(record.partition, record.accepted_ms):
            self._alerts[alert.fingerprint].under_way.add(alert.id)

    def _is_ahead(self, partition: int, at_ms: int) -> bool:
        return at_ms + CLOCKS_DIFFER_MS >= self._done_ms.get(partition, 0)

    def _decided(self, record: Stored, found: list[Line]) -> None:
        if found and record.accepted_ms < self._recent.read_ms:
            newest_ms = max(accepted_ms(found[0][1]), accepted_ms(found[-1][1]))
            self._done_ms[record.partition] = max(self._done_ms.get(record.partition, 0), newest_ms)
        if record.accepted_ms >= self._recent.begun_ms and self._needle in record.value:
            for line in found:
                if tells(line, self._name):
                    self._of(line).under_way.add(line[0].decode())
        if record.accepted_ms + CLOCKS_DIFFER_MS < self._until_ms:
            return
        for line in found:
            if resolves(line) and accepted_ms(line[1]) >= self._until_ms:
                self._of(line).is_over = True

    def _of(self, line: Line) -> Kept:
        return self._alerts[fingerprint(line).decode()]

    def _ends(self, record: Stored) -> None:
        try:
            told = orjson.loads(record.value)
            for row in told.get("outcomes", ()):
                if row["target"] == self._target:
                    _outcome(self._alerts[row["fingerprint"]], row)
                    if row["tries"] and row["outcome"] in _TRIED:
                        self.newest = max(self.newest, Try(row["ended_ms"], row["error"]))
            for row in told.get("retries", ()):
                if row["target"] == self._target:
                    self._retried(self._alerts[row["fingerprint"]], row, record.accepted_ms)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            return  # none of ours

    def _retried(self, kept: Kept, row: Row, at_ms: int) -> None:
        self._letters.add(row["letter"])
        if row["retry"]["outcome"] != RETRIED:
            return
        before = kept.ends.get(row["delivery"], End(row["accepted_ms"]))
        kept.ends[row["delivery"]] = before._replace(outcome="")
        if at_ms >= self._recent.begun_ms:
            kept.under_way.add(row["input"])


def _outcome(kept: Kept, row: Row) -> None:
    id_, is_told = row["delivery"], row["outcome"] == Outcome.DELIVERED
    before = kept.ends.get(id_, End(row["accepted_ms"]))
    kept.ends[id_] = End(
        row["accepted_ms"],
        row["outcome"],
        before.was_delivered or is_told,
        before.by_replay or (is_told and "replayed" in row),
    )
    kept.under_way.discard(row["input"])
    if is_told:
        kept.inputs[row["input"]] = id_
