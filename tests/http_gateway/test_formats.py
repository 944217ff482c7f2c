"""Formats that take more than JSON by POST, over real HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.events import SAMPLES
from tests.support.product import wait_for

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

GRAFANA = (SAMPLES / "formats" / "grafana" / "firing.body").read_bytes()
EVENTS = SAMPLES / "formats" / "cloudevents"
BINARY = dict(line.split(": ", 1) for line in (EVENTS / "binary.headers").read_text().splitlines())


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_grafana_may_post_and_put(running: Gateway, method: str) -> None:
    answer = running.client.request(
        method, "/v1/webhooks/grafana", content=GRAFANA, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 202
    assert answer.json()["alerts_summary"]["total_accepted"] == 2


def test_other_method_is_told_which_are_allowed(running: Gateway) -> None:
    answer = running.client.delete("/v1/webhooks/grafana")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, PUT")
    assert running.client.put("/v1/webhooks/alertmanager").headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("structured", "application/cloudevents+json; charset=utf-8"),
        ("structured", "application/json"),
        ("batch", "application/cloudevents-batch+json"),
    ],
)
def test_cloudevents_are_taken_under_their_types(running: Gateway, name: str, kind: str) -> None:
    body = (EVENTS / f"{name}.body").read_bytes()
    answer = running.client.post("/v1/webhooks/cloudevents", content=body, headers={"content-type": kind})
    assert answer.status_code == 202


def test_binary_event_is_stored_with_its_attributes(running: Gateway) -> None:
    body = (EVENTS / "binary.body").read_bytes()
    answer = running.client.post("/v1/webhooks/cloudevents", content=body, headers=BINARY)
    (record,) = running.webhooks(answer.json()["ingest_id"])
    assert record.header["format"] == "cloudevents"
    assert b'"subject":"shop/caf\xc3\xa9"' in record.stored.value


def test_types_of_one_format_are_refused_elsewhere(running: Gateway) -> None:
    answer = running.client.post(
        "/v1/webhooks/grafana", content=GRAFANA, headers={"content-type": "application/cloudevents+json"}
    )
    assert answer.status_code == 415
    assert answer.json()["error"]["message"] == "expected application/json, got application/cloudevents+json"


def test_headers_are_kept_with_a_binary_event_nobody_could_read(running: Gateway) -> None:
    headers = {**BINARY, "ce-time": "soon", "authorization": "Bearer secret"}
    answer = running.client.post("/v1/webhooks/cloudevents", content=b"{}", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "ce-time"
    wait_for(lambda: bool(running.quarantined(format="cloudevents", body="{}")), "it lies in the quarantine", 10)
    (entry,) = running.quarantined(format="cloudevents", body="{}")
    kept = entry["headers"]
    assert isinstance(kept, dict)
    assert kept["ce-id"] == BINARY["ce-id"]
    assert set(kept) == set(BINARY)
