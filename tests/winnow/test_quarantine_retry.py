"""`winnow quarantine retry` on a broker in memory: what is read again, and what stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import orjson
import pytest

from alerts.config_file import Surroundings, parse
from alerts.errors import WinnowError
from alerts.fingerprint import identity, partition_of
from alerts.instant import rfc3339
from alerts.mapped import Mapped
from alerts.quarantine import EVIDENCE_MAX_BYTES, from_flow, from_gateway, kept_headers
from alerts.record import decode, split
from alerts.retry import Retry, encode
from alerts.webhook import Received
from tests.support.events import ENVELOPE, NOW_MS, STARTS_AT, delivery, line, submission
from tests.support.shelf import PARTITIONS, TOPICS, Shelf, shelf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alerts.alert import Arrival

GOOD = orjson.dumps(orjson.loads(line({"alertname": "HighCPU"})))
FINGERPRINT = identity({"alertname": "HighCPU"}, "")
PARTITION = partition_of(FINGERPRINT, PARTITIONS)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Shelf]:
    with shelf(tmp_path) as made:
        yield made


def retry(held: Shelf, *arguments: str, code: int = 0) -> list[tuple[str, str, str]]:
    result = held.winnow("quarantine", "retry", "-o", "json", *(arguments or ("--since", "1h")))
    assert result.exit_code == code, result.stdout
    return [(row["place"], row["result"], row["detail"]) for row in json.loads(result.stdout)]


def readmitted(held: Shelf) -> list[Arrival]:
    """The alerts in records that a retry wrote."""
    return [
        arrival
        for message in held.webhooks()
        if message.headers()
        for arrival in decode(message.value() or b"", message.timestamp()[1])
    ]


def body(*alerts: object) -> bytes:
    return orjson.dumps({"receiver": "team", "groupKey": "{}:{}", "alerts": alerts})


def event(minute: int) -> bytes:
    """What the gateway writes of a HighCPU that much later."""
    ((_, value),) = split(ENVELOPE._replace(id=f"{minute:032x}"), [submission()], 1)
    return value


def decided(minute: int) -> bytes:
    row = {"id": f"{minute:032x}-0", "fingerprint": FINGERPRINT, "accepted_ms": NOW_MS + minute * 60_000}
    return orjson.dumps({"v": 1, "decisions": [{**row, "transition": f"resolved/x/{minute}.0", "deliveries": []}]})


def test_alert_that_the_gateway_refused_keeps_id_and_time_and_comes_back_once(held: Shelf) -> None:
    held.put(TOPICS.quarantine, [from_gateway(ENVELOPE, 3, "startsAt: missing", GOOD)])
    assert retry(held) == [("0/0", "retried", "")]
    (message,) = held.webhooks()
    assert (message.partition(), message.timestamp()[1]) == (PARTITION, NOW_MS)
    assert message.headers() == [("winnow-retry-of", b"winnow.quarantine/0/0")]
    (arrival,) = readmitted(held)
    assert (arrival.id, arrival.line, arrival.envelope) == (f"{ENVELOPE.id}-3", GOOD, ENVELOPE)
    assert retry(held) == [("0/0", "already retried", f"as winnow.webhooks {PARTITION}/0")]
    assert len(held.webhooks()) == 1


def test_body_that_the_gateway_refused_is_read_whole(held: Shelf) -> None:
    alerts = [{"status": "firing", "labels": {"alertname": f"A{n}"}, "startsAt": STARTS_AT} for n in range(9)]
    held.put(TOPICS.quarantine, [from_gateway(ENVELOPE._replace(receiver=""), None, "bad", body(*alerts))])
    assert [row[1] for row in retry(held)] == ["retried"]
    assert {one.id for one in readmitted(held)} == {f"{ENVELOPE.id}-{n}" for n in range(9)}
    assert {one.envelope for one in readmitted(held)} == {ENVELOPE}
    assert [row[1] for row in retry(held)] == ["already retried"]


def test_alert_without_an_end_lasts_as_long_as_the_configuration_says(tmp_path: Path) -> None:
    envelope = ENVELOPE._replace(format="prometheus")
    alert = orjson.dumps({"labels": {"alertname": "HighCPU"}, "startsAt": STARTS_AT})
    with shelf(tmp_path, "resolve: {timeout: 1h}") as held:
        held.put(TOPICS.quarantine, [from_gateway(envelope, 0, "bad", alert)])
        retry(held)
        (arrival,) = readmitted(held)
    assert arrival.ends_at == rfc3339(NOW_MS + 3_600_000)


def test_body_of_which_some_cannot_be_read_comes_back_in_part_and_once(held: Shelf) -> None:
    held.put(TOPICS.quarantine, [from_gateway(ENVELOPE, None, "bad", body({"status": "firing"}, json.loads(GOOD)))])
    ((_, result, detail),) = retry(held, code=1)
    assert result == "retried in part"
    assert detail.startswith("1 of its alerts; still unreadable: alerts[0].labels: Field required")
    assert [one.id for one in readmitted(held)] == [f"{ENVELOPE.id}-1"]
    retry(held)
    assert len(readmitted(held)) == 1


def test_binary_event_is_read_again_with_the_headers_it_came_with(held: Shelf) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "DiskFailed"}
    envelope = ENVELOPE._replace(format="cloudevents")
    held.put(TOPICS.quarantine, [from_gateway(envelope, None, "x", b'{"message":"m"}', kept_headers(headers))])
    ((_, result, _),) = retry(held)
    assert result == "retried"
    assert [arrival.name for arrival in readmitted(held)] == ["DiskFailed"]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (from_gateway(ENVELOPE, None, "not JSON", b"{"), "not JSON"),
        (from_gateway(ENVELOPE, 0, "x", b'{"labels":{"alertname":"A"}}'), "alerts[0].status: Field required"),
        (from_gateway(ENVELOPE, None, "x", b"x" * (EVIDENCE_MAX_BYTES + 1)), "only a part of its 262145 bytes"),
        (from_gateway(ENVELOPE, None, "7 more", GOOD, {"lines": 7}), "7 alerts of a body with more faults"),
        (from_gateway(ENVELOPE._replace(format="gone"), None, "x", body(GOOD.decode())), "does not know: 'gone'"),
        (from_gateway(ENVELOPE, 0, "x", GOOD + b"," + GOOD), "not one alert"),
        (from_flow((TOPICS.webhooks, 1, 5), NOW_MS, "x", b"hello"), "the record it came from is kept no more"),
        (b'{"v": 1}', "no evidence in it"),
        (b'{"by": "flow"}', "it has no partition or no time"),
    ],
)  # fmt: skip
def test_what_still_cannot_be_read_stays_with_the_reason(held: Shelf, entry: bytes, reason: str) -> None:
    held.put(TOPICS.quarantine, [entry])
    ((place, result, detail),) = retry(held, code=1)
    assert (place, result) == ("0/0", "unreadable")
    assert reason in detail
    assert held.webhooks() == []


def test_record_that_the_flow_could_not_read_is_written_as_it_was(held: Shelf) -> None:
    ((_, value),) = split(ENVELOPE, [submission(), submission("Other", 1)], 1)
    held.put(TOPICS.quarantine, [from_flow((TOPICS.webhooks, 2, 0), NOW_MS, "unknown format", value)])
    assert [row[:2] for row in retry(held)] == [("0/0", "retried")]
    (message,) = held.webhooks()
    assert (message.partition(), message.timestamp()[1], message.value()) == (2, NOW_MS, value)
    assert [row[1] for row in retry(held)] == ["already retried"]


def test_large_record_is_taken_from_where_the_flow_found_it(held: Shelf) -> None:
    long = submission()._replace(line=line({"alertname": "HighCPU"}, annotations={"a": "x" * EVIDENCE_MAX_BYTES}))
    ((_, value),) = split(ENVELOPE, [long], 1)
    held.put(TOPICS.webhooks, [value], NOW_MS, 2)
    held.put(TOPICS.quarantine, [from_flow((TOPICS.webhooks, 2, 0), NOW_MS, "x", value)])
    assert [row[1] for row in retry(held)] == ["retried"]
    assert [message.value() for message in held.webhooks()] == [value, value]


def test_line_that_the_flow_could_not_read_gets_its_header_back(held: Shelf) -> None:
    ((_, value),) = split(ENVELOPE, [submission("Other"), submission(position=1)._replace(line=GOOD)], 1)
    held.put(TOPICS.webhooks, [value], NOW_MS, 2)
    reason = f"{ENVELOPE.id}-1: line is no alert"
    held.put(TOPICS.quarantine, [from_flow((TOPICS.webhooks, 2, 0), NOW_MS, reason, GOOD)])
    assert [row[1] for row in retry(held)] == ["retried"]
    (arrival,) = readmitted(held)
    assert (arrival.id, arrival.name, arrival.line) == (f"{ENVELOPE.id}-1", "HighCPU", GOOD)


def test_dead_letter_that_an_older_flow_refused_goes_on_its_way(held: Shelf) -> None:
    value = encode(Retry("winnow.dead-letters/0/1", None, delivery(1)))
    held.put(TOPICS.quarantine, [from_flow((TOPICS.webhooks, 1, 9), NOW_MS, "record version 2", value)])
    assert [row[1] for row in retry(held)] == ["retried"]
    assert [message.value() for message in held.webhooks()] == [value]
    assert [row[1] for row in retry(held)] == ["already retried"]


def test_alert_is_left_out_when_it_told_something_newer_since(held: Shelf) -> None:
    held.put(TOPICS.quarantine, [from_gateway(ENVELOPE, 3, "x", GOOD)])
    held.put(TOPICS.webhooks, [event(5)], NOW_MS + 300_000, PARTITION)
    ((_, result, detail),) = retry(held, code=1)
    assert (result, detail[:45]) == ("not yet", f"by {5:032x}-0, not dec"[:45])
    held.put(TOPICS.decisions, [decided(5)], partition=PARTITION)
    ((_, result, detail),) = retry(held)
    assert (result, detail) == ("superseded", "by resolved/x/5.0 of 2025-11-24T16:05:00.000Z: HighCPU")
    assert readmitted(held) == []
    assert retry(held, "0/0", "--even-superseded") == [("0/0", "retried", "")]


def test_rest_of_a_body_comes_back_when_one_of_its_alerts_told_something_newer(held: Shelf) -> None:
    other = {**json.loads(GOOD), "labels": {"alertname": "Other"}}
    held.put(TOPICS.quarantine, [from_gateway(ENVELOPE, None, "x", body(json.loads(GOOD), other))])
    held.put(TOPICS.decisions, [decided(5)], partition=PARTITION)
    ((_, result, detail),) = retry(held)
    assert (result, detail[:39]) == ("retried", "1 of its alerts; left out, superseded b")
    assert [one.name for one in readmitted(held)] == ["Other"]


def test_exactly_those_are_retried_that_the_filters_leave(held: Shelf) -> None:
    entries = [from_gateway(ENVELOPE._replace(id=f"{n:032x}"), n, f"fault {n}", GOOD) for n in range(3)]
    held.put(TOPICS.quarantine, entries)
    assert retry(held, "--reason", "FAULT 1", "--dry-run") == [("0/1", "to retry", "")]
    assert held.webhooks() == []
    assert retry(held, "--reason", "FAULT 1") == [("0/1", "retried", "")]
    assert [row[0] for row in retry(held, f"{2:032x}", "0/1")] == ["0/1", "0/2"]
    assert len(held.webhooks()) == 2


def test_without_a_filter_nothing_is_retried(held: Shelf) -> None:
    with pytest.raises(WinnowError, match="name some by place or id, or by --since or --reason"):
        held.winnow("quarantine", "retry")


MAPPING = "mappings: [{name: own, alertname: title, status: {value: state, firing: [%s]}}]\n"


def _refused(mapping: str, body: bytes) -> list[bytes]:
    """What a gateway with this mapping writes of a body of which nothing can be read: each alert, and the whole."""
    (found,) = parse(mapping, "", Surroundings(kinds={})).mappings
    also = {"mapping": "own"}
    rejected = Mapped(found).read(Received(body, NOW_MS)).rejected
    single = [from_gateway(ENVELOPE, one.position, "status", one.line, also) for one in rejected]
    return [*single, from_gateway(ENVELOPE._replace(id="f" * 32), None, "status", body, also)]


def test_mapped_alert_is_read_again_by_the_mapping_there_is_now(tmp_path: Path) -> None:
    body = b'{"title": "Down", "state": "odd"}'
    with shelf(tmp_path, MAPPING % "odd") as held:
        held.put(TOPICS.quarantine, _refused(MAPPING % "open", body))
        assert [row[1] for row in retry(held)] == ["retried", "retried"]
        assert {arrival.name for arrival in readmitted(held)} == {"Down"}


def test_alert_of_a_mapping_that_is_gone_stays_where_it_is(tmp_path: Path) -> None:
    with shelf(tmp_path) as held:
        held.put(TOPICS.quarantine, _refused(MAPPING % "open", b'{"title": "Down", "state": "odd"}'))
        told = retry(held, code=1)
    assert [detail.partition("'")[2] for _, _, detail in told] == ["own'", "own'"]


def test_list_says_what_has_become_of_each_entry(held: Shelf) -> None:
    held.put(TOPICS.webhooks, [event(1)], partition=PARTITION)
    held.put(TOPICS.decisions, [decided(1)], partition=PARTITION)
    halves = body({"status": "firing"}, {**json.loads(GOOD), "labels": {"alertname": "Other"}})
    entries = [GOOD, halves, body({**json.loads(GOOD), "labels": {"alertname": "Third"}})]
    whole = [from_gateway(ENVELOPE._replace(id=f"{n:032x}"), None, "bad", text) for n, text in enumerate(entries[1:])]
    held.put(TOPICS.quarantine, [from_gateway(ENVELOPE, 3, "bad", GOOD), *whole])
    retry(held, "0/1", "0/2", code=1)
    held.put(TOPICS.quarantine, [from_gateway(ENVELOPE, None, "not JSON", b"{")])
    rows = json.loads(held.winnow("quarantine", "ls", "-o", "json").stdout)
    assert [row["state"] for row in rows] == ["superseded", "open: retried in part", "retried", "open"]
    lines = held.winnow("quarantine", "ls", "--open").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["place", "0/1", "0/3", "2"]
    assert lines[-1] == "2 open, 1 superseded, 1 retried"
