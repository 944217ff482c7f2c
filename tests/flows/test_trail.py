"""The trail: small enough for Kafka whatever it tells, in the right place, and nothing left out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from alerts.alert import Alert, Status
from alerts.decision import Outcome, Verdict
from alerts.delivery_json import from_plain
from alerts.fingerprint import partition_of
from alerts.record import ALERT_MAX_BYTES, RECORD_MAX_BYTES
from connectors.job import Ended
from flows.chunk import Chunk, Unreadable
from flows.plan import deliveries
from flows.steps.classify import Judged
from flows.steps.dedup import Seen
from flows.steps.route import Routing
from flows.trail import Trail
from tests.support.events import FOUND, NOW_MS, alert, arrival, delivery
from tests.support.whole_flow import TOPICS

if TYPE_CHECKING:
    from connectors.request import Message

TRAIL = Trail(TOPICS, 4, "0123456789ab")
PASSED = Seen(Verdict("new", "window", {}), "firing/2025-11-24T15:59:00Z/0")
DROPPED = Seen(Verdict("duplicate", "window", {"passed_ms": 1}), None)
ALLOWED = Verdict("allow", "default", {})
# librdkafka's default for message.max.bytes.
BROKER_MAX_BYTES = 1_000_000


def _chunk(seen: list[Seen], targets: tuple[str, ...] = ("oncall",), **changes: Any) -> Chunk:
    """One arrival for each `seen`, and what the steps said of those that passed."""
    passed = [one for one in seen if one.transition is not None]
    chunk = Chunk(
        3,
        [arrival(id=f"id-{number}") for number, _ in enumerate(seen)],
        [],
        [],
        seen,
        [alert() for _ in passed],
        [one.transition or "" for one in passed],
        [Judged(FOUND, FOUND) for _ in passed],
        [ALLOWED for _ in passed],
        [Routing(targets, (Verdict("routed", "r", {}),)) for _ in passed],
    )._replace(**changes)
    return chunk._replace(planned=deliveries(chunk, lambda _: ()))


def _messages(chunk: Chunk) -> list[Message]:
    return [message for _, message in TRAIL.of_chunk(chunk)]


def _decisions(chunk: Chunk) -> list[dict[str, Any]]:
    return [row for message in _messages(chunk) for row in json.loads(message.value)["decisions"]]


def _ended(outcome: Outcome = Outcome.DELIVERED, of: Alert | None = None) -> Ended:
    told = delivery(5) if of is None else delivery(5, alert=of)
    return Ended(told, outcome, 3, 503, "answered 503", NOW_MS + 9)


def test_chunk_is_one_message_in_its_own_partition() -> None:
    ((key, message),) = TRAIL.of_chunk(_chunk([PASSED, DROPPED]))
    assert (key, message.topic, message.partition) == ("3", TOPICS.decisions, 3)


def test_message_says_version_and_configuration() -> None:
    value = json.loads(_messages(_chunk([PASSED]))[0].value)
    assert (value["v"], value["config"]) == (1, "0123456789ab")


def test_rows_stand_in_the_order_of_the_arrivals() -> None:
    rows = _decisions(_chunk([DROPPED, PASSED, DROPPED, PASSED]))
    assert [row["id"] for row in rows] == ["id-0", "id-1", "id-2", "id-3"]
    assert [row["dedup"]["outcome"] for row in rows] == ["duplicate", "new", "duplicate", "new"]


def test_row_of_a_duplicate_ends_at_dedup() -> None:
    (row,) = _decisions(_chunk([DROPPED]))
    assert not {"transition", "classify", "filter", "route", "deliveries"} & row.keys()
    assert row["dedup"] == {"outcome": "duplicate", "rule": "window", "saw": {"passed_ms": 1}}


def test_row_tells_what_every_step_said_and_which_deliveries_came_of_it() -> None:
    (row,) = _decisions(_chunk([PASSED], ("oncall", "team")))
    assert row["transition"] == PASSED.transition
    assert row["classify"] == {
        "severity": "warning", "category": "resource", "confidence": 0.7, "source": "rules", "rule": "high_cpu"
    }  # fmt: skip
    assert (row["filter"]["rule"], row["route"][0]["rule"]) == ("default", "r")
    assert [planned["target"] for planned in row["deliveries"]] == ["oncall", "team"]


def test_row_tells_by_what_a_resolve_was_weighed() -> None:
    weighed = FOUND._replace(category="other")
    (row,) = _decisions(_chunk([PASSED], judged=[Judged(FOUND, weighed)]))
    assert (row["classify"]["category"], row["weighed"]["category"]) == ("resource", "other")


@pytest.mark.parametrize(("chars", "kept"), [(200, 200), (201, 200)])
def test_name_is_cut_at_two_hundred_characters(chars: int, kept: int) -> None:
    (row,) = _decisions(_chunk([DROPPED], arrivals=[arrival(name="ü" * chars)]))
    assert row["name"] == "ü" * kept


def test_chunk_too_large_for_one_record_becomes_several_that_tell_all() -> None:
    wide = Verdict("deny", "rule", {f"label{number}": "\x01" * 200 for number in range(4)})
    chunk = _chunk([PASSED] * 1000, filtered=[wide] * 1000)
    messages = _messages(chunk)
    assert len(messages) > 1
    assert max(len(message.value) for message in messages) <= RECORD_MAX_BYTES
    assert [row["id"] for row in _decisions(chunk)] == [f"id-{number}" for number in range(1000)]


def test_chunk_without_anything_says_nothing() -> None:
    assert _messages(Chunk(3, [], [], [])) == []


def test_unreadable_record_goes_to_the_quarantine_with_its_place() -> None:
    ((key, message),) = TRAIL.of_chunk(Chunk(3, [], [Unreadable(42, NOW_MS, "why", b"\xff")], []))
    told = json.loads(message.value)
    assert (key, message.topic) == ("3", TOPICS.quarantine)
    assert (told["topic"], told["partition"], told["offset"], told["reason"]) == (TOPICS.webhooks, 3, 42, "why")


def test_delivered_one_has_an_outcome_and_no_dead_letter() -> None:
    ((key, message),) = TRAIL.of_ended([_ended()])
    partition = partition_of(f"{5:016x}", 4)
    assert (key, message.topic, message.partition) == (str(partition), TOPICS.decisions, partition)
    (row,) = json.loads(message.value)["outcomes"]
    assert (row["delivery"], row["target"], row["outcome"]) == (delivery(5).id, "oncall", "delivered")
    assert (row["status_code"], row["tries"], row["ended_ms"]) == (503, 3, NOW_MS + 9)


def test_outcomes_of_one_partition_are_one_record_in_the_order_in_which_they_ended() -> None:
    delivered = [delivery(number, id=f"{number:032}") for number in (1, 2, 5, 9)]
    told = TRAIL.of_ended([_ended()._replace(delivery=one) for one in delivered])
    ids = {key: [row["delivery"] for row in json.loads(message.value)["outcomes"]] for key, message in told}
    assert ids == {"1": [delivered[place].id for place in (0, 2, 3)], "2": [delivered[1].id]}


def test_more_outcomes_than_fit_into_a_record_are_several() -> None:
    ended = [_ended()._replace(error="x" * 100_000)] * 12
    told = [message.value for _, message in TRAIL.of_ended(ended)]
    assert len(told) > 1
    assert max(map(len, told)) <= RECORD_MAX_BYTES
    assert sum(len(json.loads(value)["outcomes"]) for value in told) == 12


def test_outcome_names_its_alert_for_whoever_did_not_see_the_decision() -> None:
    ended = _ended()
    ended = ended._replace(delivery=ended.delivery._replace(alert=ended.delivery.alert._replace(name="ü" * 201)))
    ((_, message),) = TRAIL.of_ended([ended])
    (row,) = json.loads(message.value)["outcomes"]
    found = ended.delivery
    assert (row["name"], row["status"]) == ("ü" * 200, found.alert.status.value)
    assert (row["source"], row["severity"]) == (found.alert.envelope.source, found.classification.severity.value)


def test_delivery_that_was_given_up_has_an_outcome_and_a_dead_letter_it_can_be_sent_from() -> None:
    (_, outcome), (_, letter) = TRAIL.of_ended([_ended(Outcome.DEAD_LETTERED)])
    assert json.loads(outcome.value)["outcomes"][0]["outcome"] == "dead-lettered"
    assert (letter.topic, letter.key) == (TOPICS.dead_letters, delivery(5).id.encode())
    told = json.loads(letter.value)
    assert from_plain(told["delivery"]) == delivery(5)
    assert (told["error"], told["status_code"]) == ("answered 503", 503)


def test_dead_letter_of_the_largest_alert_is_one_a_broker_takes() -> None:
    largest = alert("\x01" * 1024, annotations={"pad": "x" * ALERT_MAX_BYTES}, status=Status.RESOLVED)
    envelope = largest.envelope._replace(receiver="x" * 8192, group_key='"' * 8192)
    messages = [
        message for _, message in TRAIL.of_ended([_ended(Outcome.DEAD_LETTERED, largest._replace(envelope=envelope))])
    ]
    assert max(len(message.value) for message in messages) < BROKER_MAX_BYTES


@pytest.mark.parametrize("outcome", [Outcome.DELIVERED, Outcome.DEAD_LETTERED])
def test_outcome_of_what_may_have_been_sent_before_the_restart_says_so(outcome: Outcome) -> None:
    told = [message for _, message in TRAIL.of_ended([_ended(outcome)._replace(is_repeat=True)])]
    (row,) = json.loads(told[0].value)["outcomes"]
    assert row["repeat"] == "after recovery"
    assert all(json.loads(letter.value)["repeat"] == "after recovery" for letter in told[1:])


def test_outcome_and_dead_letter_of_what_was_replayed_say_so() -> None:
    end = _ended(Outcome.DEAD_LETTERED)
    marked = end._replace(delivery=end.delivery._replace(replayed=True))
    (_, outcome), (_, letter) = TRAIL.of_ended([marked])
    assert json.loads(outcome.value)["outcomes"][0]["replayed"] is True
    assert from_plain(json.loads(letter.value)["delivery"]) == marked.delivery


def test_outcome_of_what_was_sent_once_says_nothing_of_repeats_or_replays() -> None:
    ((_, message),) = TRAIL.of_ended([_ended()])
    assert not {"repeat", "replayed"} & json.loads(message.value)["outcomes"][0].keys()
