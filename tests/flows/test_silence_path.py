"""An expiry on its way through the whole flow: told as a resolve, on record like any other event, and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from alerts.alert import Envelope
from alerts.expiry import Due, expiry
from alerts.formats import prometheus
from alerts.instant import rfc3339
from alerts.ledger import Ledger
from alerts.record import Stored, decode, split
from alerts.webhook import Received
from tests.support.events import NOW_MS
from tests.support.whole_flow import PARTITIONS, TOPICS, rows, run

if TYPE_CHECKING:
    from tests.support.whole_flow import Messages

MINUTE_MS = 60_000


def fires(offset: int, minute: int) -> Stored:
    """What Prometheus says at that minute: it holds for four."""
    at_ms = NOW_MS + minute * MINUTE_MS
    ends_at = rfc3339(at_ms + 4 * MINUTE_MS)
    alert = {"labels": {"alertname": "Slow"}, "startsAt": rfc3339(NOW_MS), "endsAt": ends_at}
    submissions = prometheus.read(Received(orjson.dumps([alert]), at_ms)).submissions
    ((partition, value),) = split(Envelope(f"{offset:032x}", "prometheus", "", "", "", at_ms), submissions, PARTITIONS)
    return Stored(partition, offset, at_ms, value)


def expires(offset: int, of: Stored, minute: int) -> Stored:
    """What the expirer makes of it."""
    (arrival,) = decode(of.value, of.accepted_ms)
    ends_ms = of.accepted_ms + 4 * MINUTE_MS
    value = expiry(of.value, Due(of.partition, of.offset, arrival.fingerprint, ends_ms))
    return Stored(of.partition, offset, NOW_MS + minute * MINUTE_MS, value)


def balance(records: list[Stored], messages: Messages) -> dict[str, int]:
    ledger = Ledger(0, 2**60)
    for record in records:
        ledger.accept(record)
    for _, message in messages:
        if message.topic == TOPICS.decisions:
            ledger.decide(message.value)
    found = ledger.balance(2**60, 0)
    assert found.unaccounted == 0
    return {end.state: count for end, count in found.ends.items()}


def test_silence_resolves_once_and_every_event_of_it_has_its_end() -> None:
    first, second = fires(0, 0), fires(1, 1)
    records = [first, second, expires(2, first, 5), expires(3, second, 6), expires(4, second, 7), fires(5, 10)]
    messages = run(records)
    told = [(row["status"], row["dedup"]["outcome"], row["dedup"]["rule"]) for row in rows(messages, "decisions")]
    assert told == [
        ("firing", "new", "window"),
        ("firing", "duplicate", "window"),
        ("resolved", "renewed", "silence"),
        ("resolved", "changed", "silence"),
        ("resolved", "over", "silence"),
        ("firing", "changed", "window"),
    ]
    # The same expiry twice is one event: it has one id.
    assert balance(records, messages) == {"duplicate": 1, "renewed": 1, "without-target": 3}


def test_decisions_about_silence_depend_on_the_records_alone() -> None:
    first = fires(0, 0)
    records = [first, expires(1, first, 5), fires(2, 6)]
    assert [message.value for _, message in run(records)] == [message.value for _, message in run(records)]
