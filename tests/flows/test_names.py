"""The index of names: told once an hour, before anything is decided about them, and bounded whatever comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from alerts.name_index import HOUR_MS
from alerts.record import RECORD_MAX_BYTES
from flows.chunk import Chunk
from flows.names import NAMES_MAX, Names
from tests.support.events import NOW_MS, STARTS_AT, arrival
from tests.support.whole_flow import TOPICS, run, webhook

if TYPE_CHECKING:
    from connectors.request import Message

MINUTE_MS = 60_000


class Told:
    """What is told at moments that a test chooses."""

    def __init__(self) -> None:
        self.at_ms = NOW_MS
        self.names = Names(TOPICS.names, lambda: self.at_ms)

    def messages(self, *names: str, partition: int = 3) -> list[Message]:
        chunk = Chunk(partition, [arrival(name=name) for name in names], [], [])
        return [message for _, message in self.names.of_chunk(chunk)]

    def of(self, *names: str, partition: int = 3) -> list[Any]:
        """The names of each record that is told of alerts with these."""
        return [json.loads(message.value)["names"] for message in self.messages(*names, partition=partition)]


def test_record_says_whose_names_these_are_and_since_when_all_were_told() -> None:
    told = Told()
    told.of("A")
    told.at_ms += 7
    (message,) = told.messages("B", "A", "C")
    assert (message.topic, message.partition) == (TOPICS.names, 0)
    assert json.loads(message.value) == {
        "v": 1, "partition": 3, "since_ms": NOW_MS, "at_ms": NOW_MS + 7, "names": ["B", "C"],
    }  # fmt: skip


def test_name_is_told_once_an_hour_in_each_partition() -> None:
    told = Told()
    assert (told.of("A", "A"), told.of("A"), told.of("A", partition=4)) == ([["A"]], [], [["A"]])
    told.at_ms = (NOW_MS // HOUR_MS + 1) * HOUR_MS
    assert (told.of("A"), told.of("A")) == ([["A"]], [])


def test_name_is_told_again_after_a_restart_and_a_clock_that_was_set_back() -> None:
    told = Told()
    told.of("A")
    told.at_ms -= HOUR_MS
    assert told.of("A") == [["A"]]
    assert Told().of("A") == [["A"]]


def test_that_nothing_is_new_is_told_every_five_minutes() -> None:
    told = Told()
    told.of("A")
    told.at_ms += 5 * MINUTE_MS - 1
    assert told.of("A") == []
    told.at_ms += 1
    assert (told.of("A"), told.of("A")) == ([[]], [])


def test_more_names_than_are_kept_are_told_as_any_until_the_hour_ends() -> None:
    told = Told()
    most = [f"A{number}" for number in range(NAMES_MAX)]
    assert told.of(*most) == [sorted(most)]
    assert (told.of("B"), told.of("C")) == ([None], [])
    told.at_ms += 5 * MINUTE_MS
    assert told.of("A1") == [None]
    told.at_ms += HOUR_MS
    assert told.of("A1") == [["A1"]]


def test_name_is_told_as_decisions_cut_it() -> None:
    told = Told()
    assert (told.of("x" * 201), told.of("x" * 202)) == ([["x" * 200]], [])


def test_names_that_are_long_go_into_records_that_a_broker_takes() -> None:
    names = [f"{number}" + "\x01" * 199 for number in range(NAMES_MAX)]
    values = [message.value for message in Told().messages(*names)]
    assert len(values) > 1
    assert max(map(len, values)) <= RECORD_MAX_BYTES
    found = {name for value in values for name in json.loads(value)["names"]}
    assert found == {name[:200] for name in names}


def test_nothing_is_told_of_a_chunk_without_alerts_or_after_a_record_was_lost() -> None:
    told = Told()
    assert told.of() == []
    told.names.end("no such topic")
    told.names.end("no such topic")
    assert told.of("A") == []


def test_flow_tells_names_before_what_is_decided_about_them() -> None:
    sent: dict[str, object] = {"status": "firing", "labels": {"alertname": "A"}, "startsAt": STARTS_AT}
    records = [*webhook(sent), *webhook(sent, number=1)]
    messages = [message for _, message in run(records, names=Told().names)]
    assert [message.topic for message in messages] == [TOPICS.names, TOPICS.decisions]
    assert not [message for _, message in run(records) if message.topic == TOPICS.names]
