"""The ledger adds up, whatever comes in whatever order; what has no end is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from alerts.errors import FormatError
from alerts.ledger import LISTED_MAX, Balance, End, Ledger
from alerts.quarantine import from_flow, from_gateway
from alerts.record import Stored, split
from alerts.retry import Retry, encode
from tests.support.events import ENVELOPE, NOW_MS, delivery, submission

if TYPE_CHECKING:
    from collections.abc import Iterable

HOUR_MS = 3_600_000
INGEST = ENVELOPE.id


def stored(count: int = 1, *, at_ms: int = NOW_MS, offset: int = 7) -> Stored:
    ((_, value),) = split(ENVELOPE, [submission(position=number) for number in range(count)], 1)
    return Stored(3, offset, at_ms, value)


def ledger(count: int = 1, *, at_ms: int = NOW_MS) -> Ledger:
    """One that was told of `count` alerts of one webhook."""
    made = Ledger(NOW_MS - HOUR_MS, NOW_MS + HOUR_MS)
    made.accept(stored(count, at_ms=at_ms))
    return made


def decided(position: int = 0, *deliveries: str, **changes: Any) -> bytes:
    row = {
        "id": f"{INGEST}-{position}",
        "dedup": {"outcome": "new", "rule": "window"},
        "transition": "firing/x/0",
        "filter": {"outcome": "allow", "rule": "default"},
        "route": [{"outcome": "routed", "rule": "r"}],
        "deliveries": [{"id": delivery, "target": "t"} for delivery in deliveries],
    }
    return json.dumps({"v": 1, "config": "c", "decisions": [row | changes]}).encode()


def dropped(position: int = 0, outcome: str = "duplicate") -> bytes:
    row = {"id": f"{INGEST}-{position}", "dedup": {"outcome": outcome, "rule": "window"}}
    return json.dumps({"v": 1, "config": "c", "decisions": [row]}).encode()


def ended(delivery: str, outcome: str = "delivered", position: int = 0) -> bytes:
    row = {"delivery": delivery, "input": f"{INGEST}-{position}", "outcome": outcome}
    return json.dumps({"v": 1, "outcomes": [row]}).encode()


def letter(delivery: str, position: int = 0) -> bytes:
    return json.dumps({"v": 1, "input": f"{INGEST}-{position}", "delivery": {"id": delivery}}).encode()


def told(made: Ledger, deadline_ms: int = 0) -> Balance:
    return made.balance(NOW_MS + 1, deadline_ms)


def after(records: Iterable[bytes], letters: Iterable[bytes] = ()) -> Balance:
    """What one alert comes to after these decisions and outcomes, and dead letters."""
    made = ledger()
    for record in records:
        made.decide(record)
    for record in letters:
        made.letter(record)
    return told(made)


def test_alert_without_a_decision_is_unaccounted_and_named() -> None:
    balance = told(ledger())
    assert (balance.accepted, balance.unaccounted, balance.pending) == (1, 1, 0)
    assert balance.oldest == [(NOW_MS, "3/7", f"{INGEST}-0", "no decision")]


@pytest.mark.parametrize(("deadline_ms", "pending"), [(0, 0), (1, 0), (2, 1), (HOUR_MS, 1)])
def test_alert_is_pending_until_it_is_as_old_as_the_deadline(deadline_ms: int, pending: int) -> None:
    balance = told(ledger(), deadline_ms)
    assert (balance.pending, balance.unaccounted) == (pending, 1 - pending)


@pytest.mark.parametrize(
    ("record", "end"),
    [
        (dropped(), End("duplicate")),
        (dropped(outcome="unreadable"), End("quarantined")),
        (dropped(outcome="some-later-word"), End("some-later-word")),
        (decided(filter={"outcome": "deny", "rule": "test_alert"}), End("denied", "test_alert")),
        (decided(route=[{"outcome": "unrouted", "rule": "default"}]), End("unrouted")),
        (decided(route=[{"outcome": "skipped", "rule": "t/disabled"}]), End("without-target", "t/disabled")),
        (decided(route=[]), End("without-target")),
    ],
)
def test_decision_that_plans_nothing_is_an_end(record: bytes, end: End) -> None:
    balance = after([record])
    assert (dict(balance.ends), balance.unaccounted) == ({end: 1}, 0)


@pytest.mark.parametrize(
    ("records", "letters", "state"),
    [
        ([decided(0, "a"), ended("a")], [], "delivered"),
        ([ended("a"), decided(0, "a")], [], "delivered"),
        ([decided(0, "a", "b"), ended("b"), ended("a")], [], "delivered"),
        ([decided(0, "a"), ended("a"), decided(0, "a"), ended("a")], [], "delivered"),
        ([decided(0, "a"), ended("a", "merged")], [], "merged"),
        ([decided(0, "a", "b"), ended("a", "merged"), ended("b")], [], "delivered"),
        ([decided(0, "a"), ended("a", "dead-lettered")], [letter("a")], "dead-lettered"),
        ([decided(0, "a")], [letter("a")], "dead-lettered"),
        ([decided(0, "a", "b"), ended("b"), ended("a", "dead-lettered")], [letter("a")], "dead-lettered"),
        ([decided(0, "a"), ended("a", "dead-lettered"), ended("a")], [letter("a")], "delivered"),
        ([decided(0, "a"), decided(0, "b"), ended("b"), ended("a")], [], "delivered"),
    ],
)
def test_alert_ends_when_all_its_deliveries_have(records: list[bytes], letters: list[bytes], state: str) -> None:
    balance = after(records, letters)
    assert (dict(balance.ends), balance.unaccounted) == ({End(state): 1}, 0)


@pytest.mark.parametrize(
    ("records", "lacks"),
    [
        ([ended("a")], "no decision"),
        ([decided(0, "a")], "no outcome of 1 of 1 deliveries"),
        ([decided(0, "a", "b"), ended("a")], "no outcome of 1 of 2 deliveries"),
        ([decided(0, "a"), ended("b")], "no outcome of 1 of 2 deliveries"),
        ([decided(0, "a"), decided(0, "b"), ended("b")], "no outcome of 1 of 2 deliveries"),
        ([decided(0, "a"), dropped()], "no outcome of 1 of 1 deliveries"),
        ([decided(0, "a"), ended("a", "dead-lettered")], "given up, and no dead letter"),
    ],
)
def test_alert_without_all_its_ends_is_unaccounted_and_says_what_it_lacks(records: list[bytes], lacks: str) -> None:
    balance = after(records)
    assert (balance.unaccounted, balance.oldest[0].lacks, dict(balance.ends)) == (1, lacks, {})


def test_what_is_said_of_other_alerts_counts_for_nothing() -> None:
    made = ledger(1)
    for record in (dropped(5), decided(6, "a"), ended("a", position=6)):
        made.decide(record)
    made.letter(letter("a", position=6))
    assert told(made).unaccounted == 1


def test_every_alert_of_a_webhook_counts_by_itself() -> None:
    made = ledger(4)
    made.decide(dropped(0))
    made.decide(dropped(1))
    made.decide(decided(2, "a"))
    balance = told(made)
    assert (balance.accepted, balance.ends[End("duplicate")], balance.unaccounted) == (4, 2, 2)
    assert [one.id for one in balance.oldest] == [f"{INGEST}-2", f"{INGEST}-3"]


@pytest.mark.parametrize(
    ("at_ms", "counted"),
    [(NOW_MS - HOUR_MS - 1, 0), (NOW_MS - HOUR_MS, 1), (NOW_MS + HOUR_MS - 1, 1), (NOW_MS + HOUR_MS, 0)],
)
def test_range_begins_with_its_first_millisecond_and_ends_before_its_last(at_ms: int, counted: int) -> None:
    assert told(ledger(at_ms=at_ms)).accepted == counted


def test_record_that_is_in_the_topic_twice_counts_once() -> None:
    made = ledger(2)
    made.accept(stored(2, offset=8))
    assert told(made).accepted == 2


def test_record_nobody_can_read_is_one_alert_that_ends_in_the_quarantine() -> None:
    made = Ledger(NOW_MS, NOW_MS + 1)
    made.accept(Stored(3, 7, NOW_MS, b"\xff"))
    assert told(made).oldest == [(NOW_MS, "3/7", "3/7", "no decision")]
    made.quarantine(from_flow(("w.webhooks", 3, 7), NOW_MS, "why", b"\xff"))
    assert (told(made).ends, told(made).unaccounted) == ({End("quarantined"): 1}, 0)


def test_record_that_only_the_flow_could_not_read_is_in_the_quarantine_with_all_its_alerts() -> None:
    made = ledger(3)
    made.quarantine(from_flow(("w.webhooks", 3, 7), NOW_MS, "why", b""))
    assert told(made).ends == {End("quarantined"): 3}


def test_record_at_another_place_of_the_quarantine_is_no_end() -> None:
    made = ledger()
    made.quarantine(from_flow(("w.webhooks", 7, 3), NOW_MS, "why", b""))
    assert told(made).unaccounted == 1


@pytest.mark.parametrize(("at_ms", "refused"), [(NOW_MS, 1), (NOW_MS - 2 * HOUR_MS, 0)])
def test_what_the_gateway_refused_was_never_accepted_and_is_told_apart(at_ms: int, refused: int) -> None:
    made = ledger()
    made.quarantine(from_gateway(ENVELOPE._replace(accepted_ms=at_ms), 0, "why", b""))
    balance = told(made)
    assert (balance.accepted, balance.unaccounted, balance.refused) == (1, 1, refused)


def test_a_hundred_of_the_unaccounted_are_named_the_oldest_first() -> None:
    made = Ledger(NOW_MS - HOUR_MS, NOW_MS + 1)
    for number in range(LISTED_MAX + 1):
        made.accept(Stored(0, number, NOW_MS - number, b""))
    balance = told(made)
    assert (balance.unaccounted, len(balance.oldest)) == (LISTED_MAX + 1, LISTED_MAX)
    assert [one.accepted_ms for one in balance.oldest[:2]] == [NOW_MS - LISTED_MAX, NOW_MS - LISTED_MAX + 1]


@pytest.mark.parametrize("word", ["decide", "quarantine", "letter"])
@pytest.mark.parametrize(
    "value",
    [
        b"", b"{", b"[]", b"7", b"{}", b'{"v": 2}', b'{"v": 1, "decisions": [{}], "by": "flow"}',
        b'{"v": 1, "decisions": 1}', b'{"v": 1, "outcomes": [1], "by": "gateway"}',
        b'{"v": 1, "outcomes": [{"input": 1, "delivery": 1, "outcome": 1}], "delivery": 1, "input": 1}',
    ],
)  # fmt: skip
def test_record_of_another_kind_is_refused(word: str, value: bytes) -> None:
    with pytest.raises(FormatError):
        getattr(ledger(), word)(value)


def test_settled_is_when_every_alert_has_an_end() -> None:
    made = ledger()
    assert not made.is_settled
    made.decide(dropped())
    assert made.is_settled


def test_dead_letter_on_its_way_back_is_no_alert_of_its_own() -> None:
    made = ledger()
    made.accept(Stored(3, 8, NOW_MS, encode(Retry("winnow.dead-letters/0/1", None, delivery(1)))))
    assert made.balance(NOW_MS, HOUR_MS).accepted == 1


def test_alert_that_was_given_up_and_delivered_on_a_retry_is_delivered() -> None:
    made = ledger()
    for value in (decided(0, "d" * 32), ended("d" * 32, "dead-lettered"), ended("d" * 32)):
        made.decide(value)
    made.letter(letter("d" * 32))
    assert made.balance(NOW_MS, HOUR_MS).ends == {End("delivered"): 1}


def test_line_that_was_written_again_ends_where_its_second_reading_says() -> None:
    made = ledger()
    made.accept(stored(offset=9))
    for value in (dropped(outcome="unreadable"), decided(0, "d" * 32), ended("d" * 32)):
        made.decide(value)
    balance = made.balance(NOW_MS, HOUR_MS)
    assert (balance.accepted, balance.ends) == (1, {End("delivered"): 1})


def test_line_that_was_written_again_in_vain_is_quarantined() -> None:
    made = ledger()
    made.accept(stored(offset=9))
    for value in (dropped(outcome="unreadable"), dropped(outcome="unreadable")):
        made.decide(value)
    assert made.balance(NOW_MS, HOUR_MS).ends == {End("quarantined"): 1}


def replayed(value: bytes) -> bytes:
    record = json.loads(value)
    for row in record.get("outcomes", [record]):
        row["replayed"] = True
    return json.dumps(record).encode()


def test_replay_delivers_what_the_flow_gave_up() -> None:
    records = [decided(0, "a"), ended("a", "dead-lettered"), replayed(ended("a"))]
    assert after(records, [letter("a")]).ends == {End("delivered"): 1}


def test_replay_that_fails_takes_nothing_back_that_was_delivered() -> None:
    records = [decided(0, "a", "b"), ended("a"), replayed(ended("a", "dead-lettered")), ended("b")]
    assert after(records, [replayed(letter("a"))]).ends == {End("delivered"): 1}


def test_replay_to_a_target_that_the_flow_did_not_plan_ends_nothing() -> None:
    records = [decided(0, "a"), replayed(ended("new")), ended("a", "not-needed")]
    assert after(records).ends == {End("not-needed"): 1}
    assert after([replayed(ended("new"))]).unaccounted == 1


def test_replay_that_is_given_up_is_a_dead_letter_of_what_the_flow_did_not_deliver() -> None:
    records = [decided(0, "a"), replayed(ended("a", "dead-lettered"))]
    assert after(records, [replayed(letter("a"))]).ends == {End("dead-lettered"): 1}
