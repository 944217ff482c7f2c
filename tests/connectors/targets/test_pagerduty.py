from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from alerts.decision import Severity
from connectors.targets.pagerduty import BODY_MAX_BYTES, SUMMARY_MAX_CHARS, Config, render
from tests.support.build import AT, ENDS_AT, STARTS_AT, alert, classification, delivery, huge, resolved

if TYPE_CHECKING:
    from alerts.decision import Delivery

KEY = "R0UTINGKEY00000000000000000000AB"


def config(**changes: object) -> Config:
    return Config.model_validate({"name": "oncall", "kind": "pagerduty", "routing_key": KEY, **changes})


def body(told: Delivery | None = None) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(render(config(), told or delivery(), AT).body)
    return made


def change(**changes: object) -> Delivery:
    return delivery(alert=alert(**changes)._replace(labels={**alert().labels, "change_event": "true"}))


def test_event_goes_to_pagerduty_unless_told_otherwise() -> None:
    assert render(config(), delivery(), AT).url == "https://events.pagerduty.com/v2/enqueue"
    assert render(config(url="http://am:1/v2/enqueue"), delivery(), AT).url == "http://am:1/v2/enqueue"


def test_firing_triggers_and_resolved_resolves_under_the_same_keys() -> None:
    trigger, resolve = body(), body(delivery(alert=resolved()))
    assert (trigger["event_action"], resolve["event_action"]) == ("trigger", "resolve")
    for key in ("dedup_key", "routing_key"):
        assert trigger[key] == resolve[key]


def test_dedup_key_is_the_fingerprint() -> None:
    assert body()["dedup_key"] == alert().fingerprint
    assert len(body()["dedup_key"]) <= 255


@pytest.mark.parametrize(
    ("severity", "told"),
    [
        (Severity.CRITICAL, "critical"),
        (Severity.WARNING, "warning"),
        (Severity.INFO, "info"),
        (Severity.NOISE, "info"),
        (Severity.UNKNOWN, "error"),
    ],
)
def test_severities_in_pagerdutys_words(severity: Severity, told: str) -> None:
    assert body(delivery(classification=classification(severity=severity)))["payload"]["severity"] == told


def test_payload_says_what_is_affected() -> None:
    payload = body()["payload"]
    assert payload["summary"] == "PostgresDown: db-1 does not answer"
    assert payload["source"] == "db-1:9187"
    assert payload["component"] == "postgres"
    assert payload["group"] == "shop"
    assert payload["class"] == "PostgresDown"
    assert payload["timestamp"] == STARTS_AT


def test_resolve_says_when_it_ended() -> None:
    payload = body(delivery(alert=resolved()))["payload"]
    assert payload["timestamp"] == ENDS_AT
    assert payload["summary"].startswith("[RESOLVED] ")


def test_source_is_never_empty() -> None:
    bare = alert(labels={})
    assert body(delivery(alert=bare))["payload"]["source"] == "default"
    nameless = bare._replace(envelope=bare.envelope._replace(source=" "))
    assert body(delivery(alert=nameless))["payload"]["source"] == "winnow"


def test_summary_at_the_limit_is_whole_and_over_it_is_cut() -> None:
    whole, long = ("PostgresDown" + "x" * (SUMMARY_MAX_CHARS - 12 + more) for more in (0, 1))
    assert body(delivery(alert=alert(annotations={"summary": whole})))["payload"]["summary"] == whole
    cut = body(delivery(alert=alert(annotations={"summary": long})))["payload"]["summary"]
    assert len(cut) == SUMMARY_MAX_CHARS
    assert cut.endswith("…")


def test_custom_details_hold_alert_classification_and_notification() -> None:
    details = body()["payload"]["custom_details"]
    assert details["labels"] == alert().labels
    assert details["classification"]["recommendations"][0] == "Check the disk"
    assert details["notification_id"] == delivery().id


def test_links_and_images_come_from_annotations_if_they_can_be_followed() -> None:
    annotations = {
        "runbook_url": "https://r.example/1",
        "dashboard_url": "javascript:1",
        "image_url": "https://i.example",
    }
    made = body(delivery(alert=alert(annotations=annotations, generator_url="http://p.example/graph")))
    assert made["links"] == [
        {"href": "https://r.example/1", "text": "Runbook"},
        {"href": "http://p.example/graph", "text": "Source"},
    ]
    assert made["images"] == [{"src": "https://i.example", "alt": "Image of the alert"}]
    assert (made["client"], made["client_url"]) == ("Winnow", "http://p.example/graph")


def test_image_without_tls_is_left_out() -> None:
    assert body(delivery(alert=alert(annotations={"image_url": "http://i.example"})))["images"] == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://events.pagerduty.com/v2/enqueue", "https://events.pagerduty.com/v2/change/enqueue"),
        ("http://127.0.0.1:9900/v2/enqueue?a=1", "http://127.0.0.1:9900/v2/change/enqueue?a=1"),
        ("https://proxy.example/pd/v2/enqueue/", "https://proxy.example/pd/v2/change/enqueue"),
        ("https://proxy.example/v2/change/enqueue", "https://proxy.example/v2/change/enqueue"),
    ],
)
def test_change_goes_beside_the_configured_address(url: str, expected: str) -> None:
    assert render(config(url=url), change(), AT).url == expected


def test_change_event_has_no_action_and_no_severity() -> None:
    made = body(change())
    assert set(made) == {"routing_key", "payload", "links"}
    assert set(made["payload"]) == {"summary", "source", "timestamp", "custom_details"}


@pytest.mark.parametrize("value", ["false", "", "1"])
def test_other_values_of_the_label_are_no_change(value: str) -> None:
    told = delivery(alert=alert(labels={"alertname": "A", "change_event": value}))
    assert "event_action" in body(told)


@pytest.mark.parametrize("character", ["\u6f22", "\x01"], ids=ascii)
def test_body_of_a_huge_alert_is_below_the_limit_and_keeps_its_name(character: str) -> None:
    told = huge(character)
    assert len(render(config(), told, AT).body) < BODY_MAX_BYTES
    assert body(told._replace(alert=told.alert._replace(name="Big")))["payload"]["class"] == "Big"


def test_routing_key_is_hidden_in_repr() -> None:
    assert KEY not in repr(config())


@pytest.mark.parametrize("told", [delivery(), change()])
def test_what_is_replayed_says_so_in_its_details(told: Delivery) -> None:
    assert body(told._replace(replayed=True))["payload"]["custom_details"]["replayed"] is True
    assert "replayed" not in body(told)["payload"]["custom_details"]
