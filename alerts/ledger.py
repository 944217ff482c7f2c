"""Counts what became of each alert that was accepted: pure, fed with the records of the four topics.

The order to feed it in, for the events of one alert: `accept` all, then `decide` all, then `quarantine` and `letter`.
Only what has no end yet is kept: 170 bytes for an alert that is not decided, 530 while its delivery is under way.
"""

from __future__ import annotations

from collections import Counter
from heapq import nsmallest
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from alerts.decision import Outcome
from alerts.errors import FormatError
from alerts.ledger_keys import delivery_key, id_of, key_of
from alerts.record import decode
from alerts.retry import is_retry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.ledger_keys import Key
    from alerts.record import Stored

VERSION = 1  # of decisions, quarantine and dead letters
LISTED_MAX = 100

DENIED = "denied"
QUARANTINED = "quarantined"
UNROUTED = "unrouted"
WITHOUT_TARGET = "without-target"
"""A route held, but its targets are disabled or their own filters denied it; or there are no targets."""

_DELIVERED = Outcome.DELIVERED.value
_LETTER = "letter"
"""In place of an outcome: it was given up, and the letter it can be sent from was seen."""

Row = dict[str, Any]


class Place(NamedTuple):
    """Where an alert lies in the webhooks topic; shared by all alerts of its record."""

    partition: int
    offset: int
    accepted_ms: int


class Planned(NamedTuple):
    """A decided alert that waits for its deliveries to end."""

    place: Place
    ends: dict[Key, str | None]
    """By delivery: the word of its outcome."""


class End(NamedTuple):
    """Where an alert ended."""

    state: str
    """A word of this module, of dedup (`duplicate`) or of `Outcome`; later versions may write more."""
    rule: str | None = None
    """Which rule ended it, by name."""


class Open(NamedTuple):
    """An alert without an end."""

    accepted_ms: int
    place: str
    """`partition/offset` in the webhooks topic."""
    id: str
    """Its input id; of a record that cannot be read, its place."""
    lacks: str
    """What is missing, in words."""


class Balance(NamedTuple):
    """What the ledger comes to; `accepted` is the sum of `ends`, `pending` and `unaccounted`."""

    accepted: int
    ends: Counter[End]
    pending: int
    """Without an end, younger than the deadline."""
    unaccounted: int
    """Without an end, as old as the deadline or older."""
    oldest: list[Open]
    """The unaccounted, oldest first, at most `LISTED_MAX`."""
    refused: int
    """Entries in the quarantine that the gateway refused: never accepted, so no part of the sum."""


class Ledger:
    """The alerts accepted from `since_ms` up to, not including, `until_ms`, and where they ended.

    An alert that is decided again after a crash waits for all deliveries that any decision planned.
    """

    def __init__(self, since_ms: int, until_ms: int) -> None:
        self._range = range(since_ms, until_ms)
        self._accepted = 0
        self._refused = 0
        self._ends: Counter[End] = Counter()
        self._open: dict[Key, Place | Planned] = {}
        self._early: dict[Key, list[tuple[Key, str]]] = {}
        """Outcomes that came before their decision: the flow writes the two side by side."""
        self._unreadable: set[tuple[int, int]] = set()
        self._again: set[Key] = set()  # in two records: `winnow quarantine retry` has its line decided anew

    @property
    def is_settled(self) -> bool:
        """Whether every alert accepted so far has an end."""
        return not self._open

    def accept(self, stored: Stored) -> None:
        """Take a record of the webhooks topic; one that nobody can read counts as one alert."""
        if stored.accepted_ms not in self._range or is_retry(stored.value):  # a retry's alert was accepted before
            return
        place = Place(stored.partition, stored.offset, stored.accepted_ms)
        keys: Iterable[Key]
        try:
            keys = [key_of(arrival.id) for arrival in decode(stored.value, stored.accepted_ms)]
        except FormatError:
            keys = [_text(place)]
        for key in keys:
            if key in self._open:
                self._again.add(key)
            self._accepted += key not in self._open
            self._open[key] = place

    def decide(self, value: bytes) -> None:
        """Take a record of the decisions topic: decisions, or outcomes.

        Raises:
            FormatError: Not such a record.
        """
        record = _read(value)
        try:
            for row in record.get("decisions", ()):
                self._decision(row)
            for row in record.get("outcomes", ()):
                told = key_of(row["input"]), delivery_key(row["delivery"])
                if "replayed" not in row or self._is_missed(*told):
                    self._outcome(*told, row["outcome"])
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise FormatError(f"not a record of decisions: {type(error).__name__}: {error}") from error

    def quarantine(self, value: bytes) -> None:
        """Take a record of the quarantine topic.

        Raises:
            FormatError: Not such a record.
        """
        record = _read(value)
        try:
            if record["by"] == "flow":
                self._unreadable.add((int(record["partition"]), int(record["offset"])))
            else:
                self._refused += record["accepted_ms"] in self._range
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"not a record of the quarantine: {type(error).__name__}: {error}") from error

    def letter(self, value: bytes) -> None:
        """Take a record of the dead letters topic.

        Raises:
            FormatError: Not such a record.
        """
        record = _read(value)
        try:
            told = key_of(record["input"]), delivery_key(record["delivery"]["id"])
            if "replayed" not in record or self._is_missed(*told):
                self._outcome(*told, _LETTER)
        except (KeyError, TypeError) as error:
            raise FormatError(f"not a dead letter: {type(error).__name__}: {error}") from error

    def balance(self, now_ms: int, deadline_ms: int) -> Balance:
        """What it comes to at `now_ms`."""
        ends = self._ends.copy()
        lost: list[tuple[Key, Place | Planned]] = []
        pending = 0
        for key, found in self._open.items():
            place = _place(found)
            if (place.partition, place.offset) in self._unreadable and found is place:
                ends[End(QUARANTINED)] += 1
            elif place.accepted_ms > now_ms - deadline_ms:
                pending += 1
            else:
                lost.append((key, found))
        oldest = nsmallest(LISTED_MAX, lost, key=lambda entry: _place(entry[1]).accepted_ms)
        return Balance(self._accepted, ends, pending, len(lost), [_told(*entry) for entry in oldest], self._refused)

    def _decision(self, row: Row) -> None:
        key = key_of(row["id"])
        found = self._open.get(key)
        if found is None:
            return
        deliveries = row.get("deliveries")
        if deliveries:
            planned = found if isinstance(found, Planned) else Planned(found, {})
            self._open[key] = planned
            for delivery in deliveries:
                planned.ends.setdefault(delivery_key(delivery["id"]))
            for early, word in self._early.pop(key, ()):
                planned.ends[early] = word
            self._settle(key, planned)
        elif key in self._again and row["dedup"]["outcome"] == "unreadable":
            self._again.discard(key)
        elif not isinstance(found, Planned):
            self._end(key, _end_of(row))

    def _is_missed(self, key: Key, delivery: Key) -> bool:
        """Whether the flow planned it and did not deliver it: of others a replay says nothing here."""
        found = self._open.get(key)
        return isinstance(found, Planned) and found.ends.get(delivery, _DELIVERED) != _DELIVERED

    def _outcome(self, key: Key, delivery: Key, word: str) -> None:
        found = self._open.get(key)
        if isinstance(found, Planned):
            found.ends[delivery] = word
            self._settle(key, found)
        elif found is not None:
            self._early.setdefault(key, []).append((delivery, word))

    def _settle(self, key: Key, planned: Planned) -> None:
        """End it if all its deliveries have; one that was given up has when its letter was seen."""
        words = planned.ends.values()
        if None not in words and Outcome.DEAD_LETTERED not in words:
            self._end(key, End(_worst({word for word in words if word is not None})))

    def _end(self, key: Key, end: End) -> None:
        del self._open[key]
        self._early.pop(key, None)
        self._ends[end] += 1


def _read(value: bytes) -> Row:
    try:
        record: Row = orjson.loads(value)
        if record["v"] != VERSION:
            raise FormatError(f"version {record['v']!r}; this Winnow reads {VERSION}")
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise FormatError(f"expected an object of JSON with a version: {type(error).__name__}") from error
    return record


def _end_of(row: Row) -> End:
    """Where a decision without deliveries says that its alert ended."""
    if "transition" not in row:
        word = row["dedup"]["outcome"]
        return End(QUARANTINED if word == "unreadable" else word)
    if row["filter"]["outcome"] == "deny":
        return End(DENIED, row["filter"]["rule"])
    verdicts = row["route"]
    if any(verdict["outcome"] == "unrouted" for verdict in verdicts):
        return End(UNROUTED)
    return End(WITHOUT_TARGET, verdicts[-1]["rule"] if verdicts else None)


def _worst(words: set[str]) -> str:
    """The state of an alert whose deliveries ended so: the one that someone may have to see to."""
    if _LETTER in words:
        return Outcome.DEAD_LETTERED.value
    return Outcome.DELIVERED.value if Outcome.DELIVERED in words else min(words)


def _place(found: Place | Planned) -> Place:
    return found.place if isinstance(found, Planned) else found


def _text(place: Place) -> str:
    return f"{place.partition}/{place.offset}"


def _told(key: Key, found: Place | Planned) -> Open:
    place = _place(found)
    return Open(place.accepted_ms, _text(place), id_of(key), _lacks(found))


def _lacks(found: Place | Planned) -> str:
    if isinstance(found, Place):
        return "no decision"
    words = list(found.ends.values())
    missing = words.count(None)
    if missing:
        return f"no outcome of {missing} of {len(words)} deliveries"
    return "given up, and no dead letter"
