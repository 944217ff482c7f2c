"""Mappings of winnow.yaml over real HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
import yaml

from tests.support.mappings import FILES, FOLDER
from tests.support.product import wait_for

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

OWN = {
    "name": "own",
    "alerts": "items",
    "alertname": "title",
    "status": {"value": "state", "firing": ["Open"], "ignore": ["Muted"]},
    "fingerprint": "id",
}


@pytest.fixture(scope="module")
def settings() -> dict[str, object]:
    shipped = [mapping for file in FILES for mapping in yaml.safe_load(file.read_text())["mappings"]]
    return {"mappings": [OWN, *shipped]}


def _body(*items: object) -> bytes:
    return orjson.dumps({"items": items})


def test_mapped_alert_is_stored_so_that_the_flow_can_read_it(running: Gateway) -> None:
    item = {"title": "Down", "state": "Open", "id": 7}
    answer = running.post(_body(item), "/v1/webhooks/own")
    assert answer.status_code == 202, answer.text
    (record,) = running.webhooks(answer.json()["ingest_id"])
    assert (record.header["format"], record.header["receiver"]) == ("alertmanager", "own")
    assert record.alerts[0]["labels"] == {"alertname": "Down"}
    assert record.alerts[0]["original"] == item
    assert record.alerts[0]["fingerprint"] == record.rows[0][1]


def test_alert_that_cannot_be_read_is_kept_with_the_mappings_name(running: Gateway) -> None:
    good, bad = {"title": "Down", "state": "Open"}, {"title": "Down", "state": "Odd"}
    answer = running.post(_body(good, bad), "/v1/webhooks/own")
    assert answer.status_code == 207
    assert answer.json()["details"] == [
        {"field": "alerts[1].status", "error": "expected one of Open, resolved, Muted from `state`, got 'Odd'"}
    ]
    (entry,) = running.quarantined(id=answer.json()["ingest_id"])
    assert (entry["mapping"], entry["format"], entry["position"]) == ("own", "alertmanager", 1)


def test_body_without_alerts_is_refused_and_kept(running: Gateway) -> None:
    answer = running.post(b'{"nothing": "mapped-404"}', "/v1/webhooks/own")
    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == [{"field": "alerts", "error": "`items`: there is nothing"}]

    def kept() -> list[object]:
        return [one["position"] for one in running.quarantined(mapping="own") if "mapped-404" in str(one["body"])]

    wait_for(lambda: bool(kept()), "the body lies in the quarantine", 10)
    assert kept() == [None]


def test_ignored_alert_is_answered_well_and_counted(running: Gateway) -> None:
    answer = running.post(_body({"title": "Down", "state": "Muted"}), "/v1/webhooks/own")
    assert answer.status_code == 202
    assert answer.json()["message"] == "nothing to store: 1 ignored, as the mapping says"
    counted = 'winnow_gateway_alerts_total{format="own",result="ignored"} 1.0'
    assert counted in running.client.get("/metrics").text


def test_plain_text_is_taken_only_where_a_mapping_says_so(running: Gateway) -> None:
    body = (FOLDER / "samples" / "cloudwatch" / "alarm.json").read_bytes()
    kind = {"content-type": "text/plain; charset=UTF-8"}
    assert running.client.post("/v1/webhooks/cloudwatch", content=body, headers=kind).status_code == 202
    assert running.client.post("/v1/webhooks/own", content=body, headers=kind).status_code == 415


def test_subscription_that_may_not_be_confirmed_is_told_to_the_operator_without_its_token(running: Gateway) -> None:
    body = (FOLDER / "samples" / "cloudwatch" / "subscription.json").read_bytes()
    answer = running.post(body, "/v1/webhooks/cloudwatch")
    assert answer.status_code == 202
    assert "not subscribed to arn:aws:sns:us-east-1:123456789012:alarms yet" in running.log()
    assert "example" not in running.log()


@pytest.mark.parametrize("name", [file.stem for file in FILES])
def test_shipped_mapping_takes_its_samples(running: Gateway, name: str) -> None:
    for path in sorted((FOLDER / "samples" / name).glob("*.json")):
        assert running.post(path.read_bytes(), f"/v1/webhooks/{name}").status_code == 202


def test_path_of_no_mapping_names_those_there_are(running: Gateway) -> None:
    answer = running.post(b"{}", "/v1/webhooks/owm")
    assert answer.status_code == 404
    message = answer.json()["error"]["message"]
    assert message.startswith("POST /v1/webhooks/owm: no format or mapping of winnow.yaml takes it; there are ")
    for name in ("alertmanager", "cloudevents", "grafana", "own", "datadog"):
        assert f"/v1/webhooks/{name}" in message


def test_fault_of_the_whole_body_is_kept_with_its_text_alone(running: Gateway) -> None:
    running.post(b'["reason-of-a-list"]')

    def reasons() -> list[object]:
        return [one["reason"] for one in running.quarantined() if "reason-of-a-list" in str(one.get("body"))]

    wait_for(lambda: bool(reasons()), "the body lies in the quarantine", 10)
    assert reasons() == ["not an Alertmanager webhook; expected an object ({...}), got a list"]
