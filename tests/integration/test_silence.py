"""A sender that falls silent resolves its alerts, on a real Kafka: once, also when the flow is killed meanwhile."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from alerts.instant import rfc3339
from connectors.kafka.scan import scan
from connectors.kafka.topics import topics
from tests.integration.test_flow_process import recovery
from tests.support.product import Product, end, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RESOLVE = {"timeout": "2s", "grace": "1s"}


@pytest.fixture
def made(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> Iterator[Product]:
    product = Product(kafka_bootstrap, topic_prefix, tmp_path, resolve=RESOLVE)
    try:
        product.gateway()
        yield product
    finally:
        product.close()


def say(made: Product, *names: str, holds_s: float = 4.0) -> None:
    ends_at = rfc3339(int((time.time() + holds_s) * 1000))
    alerts = [{"labels": {"alertname": name, "severity": "critical"}, "endsAt": ends_at} for name in names]
    assert made.post(orjson.dumps(alerts), "/api/v2/alerts").status_code == 200


def told(made: Product) -> list[tuple[str, str]]:
    bodies: list[Any] = [arrival.body for arrival in made.arrived]
    return [(body["alert_name"], body["status"]) for body in bodies]


def expiries(made: Product) -> list[bytes]:
    kafka = made.config().kafka
    values = [stored.value for stored in scan(kafka, topics(kafka).webhooks, range(kafka.partitions))]
    return [value for value in values if b'"expired_ms":' in value]


def balance(made: Product) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made.cli("ledger", "--deadline", "0s", "-o", "json").stdout)
    return found


def test_alert_that_nobody_repeats_is_resolved_and_one_that_is_repeated_is_not(made: Product) -> None:
    made.flow()
    say(made, "Silent", "Kept")
    wait_for(lambda: len(told(made)) == 2, "both fire")

    def is_over() -> bool:
        say(made, "Kept")
        return ("Silent", "resolved") in told(made)

    wait_for(is_over, "the silent one is resolved", 30)
    assert sorted(told(made)) == [("Kept", "firing"), ("Silent", "firing"), ("Silent", "resolved")]
    body = next(one.body for one in made.arrived if isinstance(one.body, dict) and one.body["status"] == "resolved")
    explained = made.cli("explain", body["fingerprint"]).stdout
    assert "nobody repeated it" in " ".join(explained.split())
    wait_for(lambda: balance(made)["unaccounted"] == 0, "every event has an end")


def test_kill_9_between_the_expiry_and_its_return_resolves_all_the_same_and_under_one_id(made: Product) -> None:
    flow = made.flow(*recovery(made))
    say(made, *(f"Silent-{number}" for number in range(20)))
    wait_for(lambda: len(told(made)) == 20, "all fire")
    wait_for(lambda: bool(expiries(made)), "the first expiry lies in Kafka", 30)
    os.killpg(flow.pid, signal.SIGKILL)
    end(flow)
    made.flow(*recovery(made))
    resolved = {(f"Silent-{number}", "resolved") for number in range(20)}
    wait_for(lambda: resolved <= set(told(made)), "all are resolved", 60)
    ids = {
        (one.body["alert_name"], one.headers["webhook-id"])
        for one in made.arrived
        if isinstance(one.body, dict) and one.body["status"] == "resolved"
    }
    assert len(ids) == 20
    wait_for(lambda: balance(made)["unaccounted"] == 0, "every event has an end")
    assert balance(made)["states"]["delivered"] == 40
