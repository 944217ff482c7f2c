"""The bad input that issue 3 lists: what is answered, what lies in Kafka, and that the gateway lives on."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import orjson
import pytest

from alerts.fingerprint import fingerprint
from tests.support.gateway import PLAIN, PROXY, Gateway, alert, webhook
from tests.support.product import wait_for

if TYPE_CHECKING:
    from tests.support.gateway import Record

PATHS = [PROXY, PLAIN]
LABELS = {"alertname": "DiskSlow", "instance": "i"}
GOOD = orjson.dumps(alert("good")).decode()
DEEP = 100_000

NOT_USABLE = {
    "empty": b"",
    "blank": b" \n\t",
    "not JSON": b"alertname=DiskSlow",
    "half of it": webhook(alert())[:-10],
    "two values": webhook(alert()) * 2,
    "NaN": webhook(alert()).replace(b'"4"', b"NaN"),
    "null": b"null",
    "text": b'"alerts"',
    "number": b"1",
    "bare list": orjson.dumps([alert()]),
    "no receiver": orjson.dumps({"alerts": [alert()]}),
    "alerts missing": orjson.dumps({"receiver": "r"}),
    "alerts empty": webhook(),
    "alerts null": webhook(alert(), alerts=None),
    "alerts an object": webhook(alert(), alerts={"0": alert()}),
    "deep list": b"[" * DEEP,
    "deep object": b'{"a":' * DEEP,
    "deep and closed": b"[" * DEEP + b"]" * DEEP,
    "zeros": b"\0" * 300_000,
    "bytes": bytes(range(256)) * 100,
    "UTF-16": webhook(alert()).decode().encode("utf-16"),
    "huge number": b'{"receiver":"r","alerts":[],"truncatedAlerts":' + b"9" * 100_000 + b"}",
    "millions of entries": b'{"receiver":"r","alerts":[' + GOOD.encode() + b",1" * 3_000_000 + b"]}",
}

NOT_VALID: dict[str, tuple[object, str]] = {
    "no object": (7, "alerts[1]"),
    "null": (None, "alerts[1]"),
    "no labels": ({**alert(), "labels": None}, "alerts[1].labels"),
    "no name": (alert(labels={"instance": "i"}), "alerts[1].labels.alertname"),
    "empty name": (alert(labels={"alertname": ""}), "alerts[1].labels.alertname"),
    "label without a name": (alert(labels={**LABELS, "": "x"}), "alerts[1].labels"),
    "label no text": (alert(labels={**LABELS, "n": 1}), "alerts[1].labels.n"),
    "5000 labels": (alert(labels={**LABELS, **{f"l{n}": "v" for n in range(5000)}}), "alerts[1].labels"),
    "status unknown": (alert(status="suppressed"), "alerts[1].status"),
    "no start": ({k: v for k, v in alert().items() if k != "startsAt"}, "alerts[1].startsAt"),
    "month 13": (alert(startsAt="2026-13-01T00:00:00Z"), "alerts[1].startsAt"),
    "year 0": (alert(startsAt="0000-01-01T00:00:00Z"), "alerts[1].startsAt"),
    "year 10000": (alert(endsAt="10000-01-01T00:00:00Z"), "alerts[1].endsAt"),
    "beyond the last day": (alert(startsAt="9999-12-31T23:59:59-10:00"), "alerts[1].startsAt"),
    "seconds since 1970": (alert(startsAt=1795446630), "alerts[1].startsAt"),
    "without a zone": (alert(startsAt="2026-11-24T03:00:00"), "alerts[1].startsAt"),
    "fingerprint no text": (alert(fingerprint=12), "alerts[1].fingerprint"),
    "2 MiB": (alert(annotations={"a": "x" * 2 * 1024**2}), "alerts[1]"),
}


def only(records: list[Record]) -> Record:
    assert len(records) == 1
    return records[0]


def stored(running: Gateway, body: bytes, path: str = PROXY) -> Record:
    """The one record of a webhook that is accepted."""
    response = running.post(body, path)
    assert response.status_code == 202, response.text
    return only(running.webhooks(response.json()["ingest_id"]))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", NOT_USABLE.values(), ids=NOT_USABLE)
def test_unusable_body_is_answered_400_and_kept_in_quarantine(running: Gateway, body: bytes, path: str) -> None:
    digest = hashlib.sha256(body).hexdigest()
    kept = len(running.quarantined(sha256=digest))
    response = running.post(body, path)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "VALIDATION_ERROR"
    assert len(response.content) < 2000
    wait_for(lambda: len(running.quarantined(sha256=digest)) > kept, "the body lies in the quarantine", 10)
    entry = running.quarantined(sha256=digest)[-1]
    assert entry["reason"]
    assert (entry["position"], entry["body_bytes"]) == (None, len(body))


def test_body_over_ten_mib_is_answered_413(running: Gateway) -> None:
    assert running.post(b" " * (10 * 1024**2 + 1)).status_code == 413


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("bad", "field"), NOT_VALID.values(), ids=NOT_VALID)
def test_bad_alert_is_quarantined_and_the_good_ones_beside_it_are_stored(
    running: Gateway, bad: object, field: str, path: str
) -> None:
    response = running.post(webhook(alert("first"), bad, alert("last")), path)
    assert response.status_code == 207
    answer = response.json()
    assert answer["details"][0]["field"] == field
    assert answer["details"][0]["error"]
    records = running.webhooks(answer["ingest_id"])
    assert sorted(entry["labels"]["instance"] for record in records for entry in record.alerts) == ["first", "last"]  # type: ignore[index]
    (entry,) = running.quarantined(id=answer["ingest_id"])
    assert (entry["position"], entry["by"]) == (1, "gateway")
    assert field in str(entry["reason"])


def test_faults_of_a_webhook_are_listed_up_to_a_hundred(running: Gateway) -> None:
    response = running.post(webhook(alert(), *([{}] * 5000)), PLAIN)
    assert response.status_code == 207
    answer = response.json()
    assert answer["alerts_summary"]["total_quarantined"] == 5000
    assert len(answer["details"]) == 100
    entries = running.quarantined(id=answer["ingest_id"])
    assert len(entries) == 1001
    assert "4000 more" in str(entries[-1]["reason"])


def test_name_of_a_label_does_not_blow_up_the_answer(running: Gateway) -> None:
    response = running.post(webhook(alert(labels={**LABELS, "x" * 1_000_000: 1})))
    assert response.status_code == 400
    assert len(response.content) < 2000


def test_last_of_duplicate_keys_counts(running: Gateway) -> None:
    twice = GOOD.replace('"status":"firing"', '"status":"firing","status":"resolved"')
    assert stored(running, webhook().replace(b"[]", f"[{twice}]".encode())).rows[0][2] == "resolved"


def test_lone_surrogates_become_replacement_characters(running: Gateway) -> None:
    broken = GOOD.replace("good", "a\\ud800b\\udfff").encode()
    record = stored(running, webhook().replace(b"[]", b"[" + broken + b"]"))
    assert record.alerts[0]["labels"] == {"alertname": "DiskSlow", "instance": "a\ufffdb\ufffd"}


def test_broken_utf8_becomes_replacement_characters(running: Gateway) -> None:
    record = stored(running, webhook(alert("caf_")).replace(b"caf_", b"caf\xe9"))
    assert record.alerts[0]["labels"] == {"alertname": "DiskSlow", "instance": "caf\ufffd"}


def test_deeply_nested_field_that_nobody_reads_does_no_harm(running: Gateway) -> None:
    nested = GOOD.replace('"status"', '"extra":' + "[" * 90 + "]" * 90 + ',"status"', 1)
    assert stored(running, webhook().replace(b"[]", f"[{nested}]".encode())).alerts[0]["labels"]


@pytest.mark.parametrize("sent", ["no hex", "ffffffffffffffff", "0", "x" * 100_000, "\x00"])
def test_fingerprint_of_its_own_making_gives_an_identity_of_its_own(running: Gateway, sent: str) -> None:
    record = stored(running, webhook(alert(fingerprint=sent)))
    row = record.rows[0]
    assert row[1] != fingerprint(LABELS)
    assert int(str(row[1]), 16) % running.kafka.partitions == record.stored.partition
    assert record.alerts[0]["fingerprint"] == sent


def test_same_constant_fingerprint_does_not_merge_different_alerts(running: Gateway) -> None:
    response = running.post(webhook(alert("a", fingerprint="1"), alert("b", fingerprint="1")))
    rows = [row for record in running.webhooks(response.json()["ingest_id"]) for row in record.rows]
    assert len({row[1] for row in rows}) == 2


@pytest.mark.parametrize("field", ["receiver", "groupKey"])
def test_crowd_of_text_around_the_alerts_does_not_keep_them_out(running: Gateway, field: str) -> None:
    record = stored(running, webhook(alert(), **{field: "\x01" * 1_000_000}))
    assert len(record.stored.value) < 100_000
