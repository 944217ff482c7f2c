"""`alerting: alertmanagers:` points straight at the gateway: what Prometheus and amtool send and are told."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from alerts.fingerprint import fingerprint
from alerts.instant import instant_ms, is_zero
from http_gateway.ops import VERSION
from tests.support.product import wait_for

if TYPE_CHECKING:
    import httpx

    from alerts.config import Kafka
    from connectors.kafka.embedded import EmbeddedBroker
    from tests.support.gateway import Gateway

ALERTS = "/api/v2/alerts"
ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "tests" / "samples" / "formats" / "prometheus").glob("*/*.body"))
GOOD = {"labels": {"alertname": "Slow"}}


def post(running: Gateway, *alerts: object) -> httpx.Response:
    return running.post(orjson.dumps(alerts), ALERTS)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.parent.name)
def test_real_request_is_answered_200_and_lies_in_kafka_as_it_came(running: Gateway, sample: Path) -> None:
    sent = orjson.loads(sample.read_bytes())
    response = running.post(sample.read_bytes(), ALERTS)
    assert response.status_code == 200
    assert response.json()["alerts_summary"]["total_accepted"] == len(sent)
    now_ms = instant_ms(response.json()["timestamp"])
    rows: dict[object, tuple[list[object], dict[str, object]]] = {}
    for record in running.webhooks(response.json()["ingest_id"]):
        rows |= {row[0]: (row, line) for row, line in zip(record.rows, record.alerts, strict=True)}
    for position, entry in enumerate(sent):
        row, line = rows[position]
        assert line == entry
        assert row[1] == fingerprint({name: value for name, value in entry["labels"].items() if value})
        ends_ms = now_ms + 300_000 if is_zero(entry["endsAt"]) else instant_ms(entry["endsAt"])
        assert row[2] == ("firing" if ends_ms > now_ms else "resolved")
        assert abs(instant_ms(str(row[5])) - ends_ms) <= 1


def test_alerts_that_are_valid_are_stored_and_the_others_are_listed_with_a_400(running: Gateway) -> None:
    response = post(running, GOOD, {"labels": {}}, {"labels": {"a": "b"}, "endsAt": "never"})
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "VALIDATION_ERROR")
    assert error["message"].startswith("stored 1 of 3")
    assert [detail["field"] for detail in error["details"]] == ["alerts[1].labels", "alerts[2].endsAt"]
    assert any(b'"Slow"' in stored.value for stored in running.stored("webhooks"))
    assert '{"labels":{}}' in {entry["body"] for entry in running.quarantined(format="prometheus")}


@pytest.mark.parametrize("body", [b"{}", b'{"alerts":[]}', b"[null]", b'[{"labels":{}}]', b"x", b""])
def test_request_without_a_valid_alert_is_refused(running: Gateway, body: bytes) -> None:
    response = running.post(body, ALERTS)
    assert response.status_code == 400
    assert response.json()["error"]["details"] or body in {b"x", b""}


def test_no_alerts_are_no_fault_as_in_alertmanager(running: Gateway) -> None:
    assert post(running).status_code == 200


def test_number_of_alerts_has_no_limit_of_its_own(running: Gateway) -> None:
    assert post(running, *({"labels": {"alertname": "Slow", "pod": f"{n}"}} for n in range(2000))).status_code == 200


def test_alerts_cannot_be_read_here(running: Gateway) -> None:
    response = running.client.get(ALERTS)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


def test_status_has_every_field_that_clients_of_alertmanager_demand(running: Gateway) -> None:
    status = running.client.get("/api/v2/status").json()
    assert status["cluster"]["status"] == "disabled"
    assert instant_ms(status["uptime"]) <= time.time() * 1000
    assert status["config"] == {"original": ""}
    wanted = {"branch", "buildDate", "buildUser", "goVersion", "revision", "version"}
    assert set(status["versionInfo"]) == wanted
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_probes_of_alertmanager_are_answered(running: Gateway, path: str, method: str) -> None:
    assert running.client.request(method, path).status_code == 200


def test_prometheus_that_never_repeats_waits_until_kafka_is_back(
    embedded: tuple[EmbeddedBroker, Kafka], running: Gateway
) -> None:
    """A batch that got anything but 2xx is dropped: so a broker that restarts within the produce timeout loses none."""
    broker = embedded[0]
    broker.set_down()
    answers: list[httpx.Response] = []
    began = time.monotonic()
    sender = threading.Thread(target=lambda: answers.append(post(running, {"labels": {"alertname": "Late"}})))
    try:
        sender.start()
        wait_for(lambda: time.monotonic() - began > 1.0, "the broker was away for a second")
    finally:
        broker.set_up()
    sender.join(10)
    took_s = time.monotonic() - began
    assert [answer.status_code for answer in answers] == [200]
    assert 1.0 < took_s < 4.5
    assert running.webhooks(answers[0].json()["ingest_id"])


def test_prometheus_is_told_503_within_five_seconds_when_kafka_stays_away(
    embedded: tuple[EmbeddedBroker, Kafka], running: Gateway
) -> None:
    broker = embedded[0]
    broker.set_down()
    began = time.monotonic()
    try:
        response = post(running, GOOD)
    finally:
        broker.set_up()
    assert response.status_code == 503
    assert 4.0 < time.monotonic() - began <= 5.0
    wait_for(lambda: running.is_ready() and post(running, GOOD).status_code == 200, "Kafka takes alerts", 20)
