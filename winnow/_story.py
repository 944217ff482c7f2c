"""The story of one alert, from the decisions topic, and which alerts a question is about."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from alerts.decision import NAME_MAX_CHARS
from alerts.errors import FormatError
from alerts.fingerprint import partition_of
from alerts.matchers import Op
from alerts.record import decode, open_alert
from alerts.retry import is_retry
from connectors.kafka.topics import topics
from winnow._archive import Archive
from winnow._index import index
from winnow._output import shown
from winnow._past import CLOCKS_DIFFER
from winnow._rows import opened
from winnow._tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from alerts.config import Config
    from alerts.matchers import Matchers
    from winnow._tally import Found

Row = dict[str, Any]

# What an outcome has that another of the same delivery does not take back.
_ONCE_MORE = ("retry", "replayed", "repeat")
# Its labels are made of attributes when they are read, and stand in no line as they are.
_DERIVES = b'"format":"cloudevents"'


class Within(NamedTuple):
    """When the alerts were accepted that a question is about."""

    since: datetime
    until_ms: float
    """Before then; infinity: up to now."""


def story(config: Config, fingerprint: str) -> Iterator[Row]:
    """The decisions about one alert in the order made, each with its deliveries and what became of them.

    It reads the one partition of the alert, all that is kept of it. `decided_ms` is when a decision was written.

    Raises:
        KafkaError: No broker answers, or there is no such topic.
    """
    return stories(config, [fingerprint])[fingerprint].events()


def stories(config: Config, fingerprints: Iterable[str], since: datetime | None = None) -> dict[str, Story]:
    """The same of several alerts, of what was decided since then; their partitions are read once.

    Raises:
        KafkaError: As above.
    """
    topic, archive = topics(config.kafka).decisions, Archive(config.kafka)
    # As many as the topic has: winnow.yaml may say what it would have if it were made now.
    count = len(archive.partitions(topic))
    found = {fingerprint: Story() for fingerprint in fingerprints}
    needles: dict[int, list[bytes]] = defaultdict(list)
    for fingerprint in found:
        needles[partition_of(fingerprint, count)].append(fingerprint.encode())
    begin = None if since is None else since - CLOCKS_DIFFER
    for stored in archive.records(topic, begin, among=needles):
        if any(needle in stored.value for needle in needles[stored.partition]):
            _take(found, opened(stored.value), stored.accepted_ms)
    return found


def tells(event: Row, notification: str) -> bool:
    """Whether that is the notification's id of one that an event of a story planned, or had."""
    planned = (delivery["id"] for delivery in event.get("deliveries", ()))
    return notification in planned or any(row["delivery"] == notification for row in event["outcomes"])


def _take(found: Mapping[str, Story], record: Row, at_ms: int) -> None:
    for decision in record.get("decisions", ()):
        if decision["fingerprint"] in found:
            found[decision["fingerprint"]].decided({**decision, "config": record["config"]}, at_ms)
    for row in (*record.get("outcomes", ()), *record.get("retries", ())):
        if row["fingerprint"] in found:
            found[row["fingerprint"]].told(row)


class Story:
    """Of one alert what was decided, and what became of it."""

    def __init__(self) -> None:
        self._decisions: dict[str, Row] = {}
        self._told: dict[str, list[Row]] = defaultdict(list)
        """By delivery: its outcomes, and its retries as a dead letter."""

    def decided(self, decision: Row, at_ms: int) -> None:
        """Take a decision that was written then."""
        # After a crash the same is decided again; when it was decided first is what counts.
        decided_ms = self._decisions.get(decision["id"], {}).get("decided_ms", at_ms)
        self._decisions[decision["id"]] = {**decision, "decided_ms": decided_ms}

    def told(self, row: Row) -> None:
        """Take an outcome or a retry."""
        self._told[row["delivery"]].append(row)

    def events(self) -> Iterator[Row]:
        """The decisions in the order made, each with its `outcomes`."""
        for decision in self._decisions.values():
            ids = [delivery["id"] for delivery in decision.get("deliveries", ())]
            ids += [id_ for id_, rows in self._told.items() if id_ not in ids and rows[0]["input"] == decision["id"]]
            yield {**decision, "outcomes": [row for id_ in ids for row in _holds(self._told.get(id_, []))]}


def _holds(told: list[Row]) -> Iterator[Row]:
    """The retries and replays of a delivery, the outcome before each and the last one.

    After a crash the same may be written twice, and the last is what holds; what was sent twice was told twice.
    """
    for row, after in zip_longest(told, told[1:]):
        if "retry" in row or after is None or not after.keys().isdisjoint(_ONCE_MORE):
            yield row


def named(config: Config, name: str, within: Within) -> list[Found]:
    """The alerts of a name with decisions about what was accepted within, the newest first.

    Raises:
        KafkaError: No broker answers, or there is no such topic.
    """
    cut, since, found = name[:NAME_MAX_CHARS], within.since - CLOCKS_DIFFER, Tally()
    topic, archive, needle = topics(config.kafka).decisions, Archive(config.kafka), orjson.dumps(cut)
    known = index(config.kafka, archive, since, cut)
    for stored in shown(topic, archive.newest_first(topic, since, known.named, known.unknown), found.so_far):
        for row in opened(stored.value).get("decisions", ()) if needle in stored.value else ():
            if row["name"] == cut and row["accepted_ms"] < within.until_ms:
                found.count(row["fingerprint"], cut, row["status"], row["accepted_ms"])
    return found.newest_first()


def labelled(config: Config, matchers: Matchers, within: Within) -> list[Found]:
    """The alerts whose labels match, accepted within, the newest first: labels lie in the webhooks alone.

    Raises:
        KafkaError: As above.
    """
    topic = topics(config.kafka).webhooks
    needles = [needle for matcher in matchers.matchers if (needle := _needle(matcher.op, matcher.value))]
    found = Tally()
    for stored in shown(topic, Archive(config.kafka).records(topic, within.since)):
        if stored.accepted_ms < within.until_ms and (
            _DERIVES in stored.value or all(needle in stored.value for needle in needles)
        ):
            for arrival in _matching(stored.value, stored.accepted_ms, matchers):
                found.count(arrival.fingerprint, arrival.name, str(arrival.status), arrival.envelope.accepted_ms)
    return found.newest_first()


def _matching(value: bytes, accepted_ms: int, matchers: Matchers) -> Iterator[Any]:
    if is_retry(value):
        return
    with suppress(FormatError):
        for arrival in decode(value, accepted_ms):
            with suppress(FormatError):
                if matchers.matches(open_alert(arrival).labels):
                    yield arrival


def _needle(op: Op, value: str) -> bytes:
    """What a record must hold if one of its labels has this value, of a format that keeps labels; empty: nothing."""
    is_plain = value.isascii() and value.replace("_", "").replace("-", "").replace(".", "").isalnum()
    return value.encode() if op is Op.EQUAL and is_plain else b""
