"""How some alerts stand: what came after a dead letter or a quarantined alert, and what was told of it. Pure.

Fed with the records of the webhooks topic, then with those of the decisions topic, each partition in its order.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from alerts.errors import FormatError
from alerts.record import decode
from alerts.retry import is_retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from alerts.decision import Delivery
    from alerts.record import Stored

DEAD_LETTERED = "dead-lettered"
SUPERSEDED = "superseded"

_FINGERPRINTS = re.compile(rb'"([0-9a-f]{16})"')

Row = dict[str, Any]


class Told(NamedTuple):
    """A notification that was planned, and how it ended."""

    delivery: str
    transition: str
    accepted_ms: int
    outcome: str | None
    """None: it has not ended."""


class Event(NamedTuple):
    """One event of an alert."""

    input: str
    accepted_ms: int
    transition: str | None
    """None: it is not decided yet."""


class Standing:
    """What Kafka holds about the alerts of some fingerprints."""

    def __init__(self, fingerprints: Iterable[str]) -> None:
        self._wanted = {fingerprint.encode() for fingerprint in fingerprints}
        self._now_ms: dict[int, int] = defaultdict(int)
        self._newest_ms: dict[str, int] = {}
        self._events: dict[str, dict[str, Event]] = defaultdict(dict)
        """By fingerprint and input id: those that are not decided, and those that told something new."""
        self._planned: dict[tuple[str, str], dict[str, Told]] = defaultdict(dict)
        """By fingerprint and target, then by delivery, in the order planned."""
        self._outcomes: dict[str, str] = {}
        self._dropped: set[str] = set()

    def event(self, stored: Stored) -> None:
        """Take a record of the webhooks topic; one that cannot be read tells nothing."""
        partition, _, accepted_ms, value = stored
        if is_retry(value):
            return
        now_ms = self._now_ms[partition] = max(accepted_ms, self._now_ms[partition])
        if not self._concerns(value.partition(b"\n")[0]):
            return
        try:
            arrivals = decode(value, accepted_ms)
        except FormatError:
            return
        for arrival in arrivals:
            if arrival.fingerprint.encode() in self._wanted:
                self._newest_ms[arrival.fingerprint] = now_ms
                self._events[arrival.fingerprint][arrival.id] = Event(arrival.id, accepted_ms, None)

    def decide(self, value: bytes) -> None:
        """Take a record of the decisions topic; one that is none of ours tells nothing."""
        if not self._concerns(value):
            return
        try:
            record = orjson.loads(value)
            for row in record.get("decisions", ()):
                self._decision(row)
            for row in record.get("outcomes", ()):
                self._outcomes[row["delivery"]] = row["outcome"]
            for row in record.get("retries", ()):
                self._recalled(row["letter"], row["retry"]["outcome"])
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            return

    def _concerns(self, text: bytes) -> bool:
        return not self._wanted.isdisjoint(_FINGERPRINTS.findall(text))

    def _decision(self, row: Row) -> None:
        fingerprint, transition = row["fingerprint"], row.get("transition")
        if fingerprint.encode() not in self._wanted:
            return
        self._events[fingerprint].pop(row["id"], None)
        if transition is None:
            return
        self._events[fingerprint][row["id"]] = Event(row["id"], row["accepted_ms"], transition)
        for planned in row.get("deliveries", ()):
            told = Told(planned["id"], transition, row["accepted_ms"], None)
            self._planned[fingerprint, planned["target"]].setdefault(planned["id"], told)

    def _recalled(self, letter: str, outcome: str) -> None:
        if outcome == SUPERSEDED:
            self._dropped.add(letter)
        else:
            self._dropped.discard(letter)

    def outcome(self, delivery: str) -> str | None:
        """How a delivery ended, by its newest outcome."""
        return self._outcomes.get(delivery)

    def was_dropped(self, letter: str) -> bool:
        """Whether the flow read a retry of this letter and did not send it, for something newer had come."""
        return letter in self._dropped

    def newest_ms(self, fingerprint: str) -> int:
        """The flow's time at the newest event of an alert; 0 if none was seen."""
        return self._newest_ms.get(fingerprint, 0)

    def newer(self, delivery: Delivery, is_given_up: Callable[[str], bool]) -> Told | None:
        """The newest notification of the same alert to the same target that came after this one.

        Those that `is_given_up` names do not count: the target knows nothing of them.
        """
        planned = self._planned[delivery.alert.fingerprint, delivery.target]
        ids = list(planned)
        if delivery.id in planned:
            later = [planned[id_] for id_ in ids[ids.index(delivery.id) + 1 :]]
        else:
            accepted_ms = delivery.alert.envelope.accepted_ms
            later = [told for told in planned.values() if told.accepted_ms > accepted_ms]
        return next(
            (
                told._replace(outcome=self.outcome(told.delivery))
                for told in reversed(later)
                if not is_given_up(told.delivery)
            ),
            None,
        )

    def later(self, fingerprint: str, accepted_ms: int, input_: str) -> Event | None:
        """The newest event of an alert after this one that told something new, or is not decided yet."""
        events = [
            event
            for event in self._events[fingerprint].values()
            if event.accepted_ms > accepted_ms and event.input != input_
        ]
        return max(events, key=lambda event: event.accepted_ms, default=None)

    def rank(self, delivery: Delivery) -> int:
        """Where it stands among the notifications of its alert to its target; -1 if that is not known."""
        planned = self._planned[delivery.alert.fingerprint, delivery.target]
        return list(planned).index(delivery.id) if delivery.id in planned else -1
