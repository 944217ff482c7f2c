"""Alertmanager's API v2: times that are missing, alerts that are over, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from alerts.alert import Status
from alerts.errors import FormatError
from alerts.fingerprint import fingerprint
from alerts.formats import prometheus
from alerts.instant import rfc3339
from alerts.record import decode, open_alert, split
from alerts.webhook import Received
from tests.support.events import ENVELOPE, NOW_MS, SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from alerts.webhook import Fault, Submission, Webhook

BODIES = sorted((SAMPLES / "formats" / "prometheus").glob("*/*.body"))
ZERO = "0001-01-01T00:00:00.000Z"
MINUTE_MS = 60_000
BEFORE, AFTER = rfc3339(NOW_MS - MINUTE_MS), rfc3339(NOW_MS + MINUTE_MS)


def read(*entries: object) -> Webhook:
    return prometheus.read(Received(orjson.dumps(entries), NOW_MS))


def one(**changes: object) -> Submission:
    entry: dict[str, Any] = {"labels": {"alertname": "Slow"}, **changes}
    (submission,) = read(entry).submissions
    return submission


def fault(entry: object) -> Fault:
    (rejected,) = read(entry).rejected
    return rejected.faults[0]


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.parent.name)
def test_real_body_is_usual_and_read_as_the_model_reads_it(path: Path) -> None:
    received = Received(path.read_bytes(), NOW_MS)
    found = prometheus.usual(received)
    assert found
    # The same with a field that nobody knows, which no real sender sends.
    odd = Received(orjson.dumps([{**entry, "odd": 1} for entry in orjson.loads(received.body)]), NOW_MS)
    assert prometheus.usual(odd) is None
    told = prometheus.read(odd).submissions
    assert [one._replace(line=b"") for one in found] == [one._replace(line=b"") for one in told]
    assert [{**orjson.loads(one.line), "odd": 1} for one in found] == [orjson.loads(one.line) for one in told]


def test_end_that_lies_ahead_is_that_of_a_firing_alert() -> None:
    found = one(startsAt=BEFORE, endsAt=AFTER)
    assert (found.status, found.starts_at, found.ends_at) == (Status.FIRING, BEFORE, AFTER)


@pytest.mark.parametrize("ends_at", [BEFORE, rfc3339(NOW_MS)], ids=["past", "now"])
def test_end_that_has_come_is_a_resolve(ends_at: str) -> None:
    found = one(startsAt=BEFORE, endsAt=ends_at)
    assert (found.status, found.ends_at) == (Status.RESOLVED, ends_at)


@pytest.mark.parametrize(
    "none", [{}, *({"startsAt": text, "endsAt": text} for text in (ZERO, "0001-01-01T01:00:00+01:00", None))]
)
def test_alert_without_times_fires_from_now_for_the_resolve_timeout(none: dict[str, object]) -> None:
    found = one(**none)
    times = (found.status, found.starts_at, found.ends_at)
    assert times == (Status.FIRING, rfc3339(NOW_MS), rfc3339(NOW_MS + 5 * MINUTE_MS))


def test_resolve_timeout_is_a_setting() -> None:
    webhook = prometheus.read(Received(b'[{"labels":{"a":"b"}}]', NOW_MS, resolve_timeout_ms=1000))
    assert webhook.submissions[0].ends_at == rfc3339(NOW_MS + 1000)


def test_alert_with_an_end_only_begins_there_as_in_alertmanager() -> None:
    assert one(endsAt=BEFORE).starts_at == BEFORE


def test_start_ahead_of_our_clock_is_believed() -> None:
    found = one(startsAt=rfc3339(NOW_MS + 10 * MINUTE_MS))
    assert (found.status, found.ends_at) == (Status.FIRING, rfc3339(NOW_MS + 15 * MINUTE_MS))


@pytest.mark.parametrize("odd", [{}, {"odd": 1}], ids=["usual", "odd"])
def test_start_at_the_end_of_the_calendar_takes_no_alert_along(odd: dict[str, object]) -> None:
    last = {"labels": {"a": "b"}, "startsAt": "9999-12-31T23:59:59.5Z", "endsAt": ZERO, **odd}
    found, other = read(last, {"labels": {"c": "d"}, "startsAt": BEFORE, "endsAt": AFTER}).submissions
    assert (found.status, found.ends_at) == (Status.FIRING, "9999-12-31T23:59:59.999Z")
    assert other.ends_at == AFTER


def test_labels_without_a_value_are_dropped_everywhere() -> None:
    found = one(labels={"alertname": "Slow", "empty": ""})
    assert found.labels == {"alertname": "Slow"}
    assert prometheus.content(found.line).labels == {"alertname": "Slow"}


def test_alert_needs_no_name() -> None:
    ((_, value),) = split(ENVELOPE._replace(format="prometheus"), [one(labels={"job": "node"})], 1)
    (arrival,) = decode(value, NOW_MS)
    assert (arrival.name, arrival.fingerprint) == ("", fingerprint({"job": "node"}))


def test_alert_that_fires_has_an_end_for_dedup_and_none_for_targets() -> None:
    ((_, value),) = split(ENVELOPE._replace(format="prometheus"), [one(endsAt=AFTER)], 1)
    (arrival,) = decode(value, NOW_MS)
    assert arrival.ends_at == AFTER
    assert open_alert(arrival).ends_at is None


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({}, "alerts[0].labels"),
        (None, "alerts[0]"),
        ({"labels": {}}, "alerts[0].labels"),
        ({"labels": {"alertname": ""}}, "alerts[0].labels"),
        ({"labels": {"alertname": 1}}, "alerts[0].labels.alertname"),
        ({"labels": {"a": "b"}, "startsAt": "yesterday"}, "alerts[0].startsAt"),
        ({"labels": {"a": "b"}, "startsAt": AFTER, "endsAt": BEFORE}, "alerts[0].endsAt"),
        ({"labels": {"a": "b"}, "annotations": {"a": 1}}, "alerts[0].annotations.a"),
        ({"labels": {"a": "b"}, "generatorURL": 1}, "alerts[0].generatorURL"),
    ],
)
def test_what_cannot_be_used_is_refused_by_the_name_of_its_field(entry: object, field: str) -> None:
    assert fault(entry).field == field


def test_bad_alert_takes_no_good_one_along() -> None:
    webhook = read({"labels": {"a": "b"}}, None, {"labels": {"c": "d"}})
    assert [found.position for found in webhook.submissions] == [0, 2]
    assert [found.position for found in webhook.rejected] == [1]


@pytest.mark.parametrize("body", [b"{}", b"null", b'"alerts"', b"1", b"nothing", b""])
def test_what_is_no_array_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        prometheus.read(Received(body, NOW_MS))


def test_batch_of_prometheus_holds_two_hundred_alerts() -> None:
    body = (SAMPLES / "formats/prometheus/p04_batches_200/001.body").read_bytes()
    assert len(prometheus.read(Received(body, NOW_MS)).submissions) == len(orjson.loads(body)) > 100


def test_body_that_is_no_list_is_told_so_and_a_webhook_where_it_belongs() -> None:
    for body, todo in (
        (b"{}", ""),
        (b'{"alerts":[]}', "; an Alertmanager's webhook goes to /v1/webhooks/alertmanager"),
    ):
        with pytest.raises(FormatError) as raised:
            prometheus.read(Received(body, NOW_MS))
        (found,) = raised.value.faults
        assert str(found) == f"expected a list of alerts ([...]) as the whole body, got an object{todo}"
