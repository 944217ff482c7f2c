"""The main job on a real Kafka: what is sent arrives, once, in order, and can be explained."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from connectors.kafka.scan import scan
from connectors.kafka.topics import topics
from tests.support.product import Product, product, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES = sorted(Path("tests/samples/webhooks").glob("*/*.body"))


@pytest.fixture(scope="module")
def running(kafka_bootstrap: str) -> Iterator[Product]:
    with product(kafka_bootstrap, f"t-{uuid.uuid4().hex[:8]}") as made:
        yield made


def webhook(numbers: range, status: str = "firing", prefix: str = "many") -> bytes:
    ends_at = "0001-01-01T00:00:00Z" if status == "firing" else "2026-11-24T04:00:00Z"
    alerts = [
        {
            "status": status,
            "labels": {"alertname": "DiskSlow", "instance": f"{prefix}-{number}"},
            "annotations": {"summary": "slow"},
            "startsAt": "2026-11-24T03:00:00Z",
            "endsAt": ends_at,
        }
        for number in numbers
    ]
    return orjson.dumps({"receiver": "r", "version": "4", "groupKey": "g", "alerts": alerts})


def told(running: Product, prefix: str) -> list[tuple[str, str]]:
    """(instance, status) of the notifications about alerts whose instance begins so, in order of arrival."""
    bodies = [arrival.body for arrival in running.arrived]
    seen = [(body["labels"].get("instance", ""), body["status"]) for body in bodies if isinstance(body, dict)]
    return [(instance, status) for instance, status in seen if instance.startswith(prefix)]


def fingerprint_of(running: Product, instance: str) -> str:
    return next(
        str(arrival.body["fingerprint"])
        for arrival in running.arrived
        if isinstance(arrival.body, dict) and arrival.body["labels"].get("instance") == instance
    )


def test_a_thousand_alerts_of_which_half_repeat_arrive_five_hundred_times(running: Product) -> None:
    for first in range(0, 500, 100):
        for _ in range(2):
            assert running.post(webhook(range(first, first + 100))).status_code == 202
    wait_for(lambda: len(told(running, "many-")) >= 500, "500 notifications")
    for first in range(0, 500, 100):
        assert running.post(webhook(range(first, first + 100), "resolved")).status_code == 202
    wait_for(lambda: len(told(running, "many-")) >= 1000, "500 resolves")
    arrived = told(running, "many-")
    assert len(arrived) == len(set(arrived)) == 1000
    for number in range(500):
        events = [status for instance, status in arrived if instance == f"many-{number}"]
        assert events == ["firing", "resolved"]


def test_explain_tells_why_a_repeat_did_not_arrive(running: Product) -> None:
    for _ in range(2):
        running.post(webhook(range(1), prefix="explained"))
    wait_for(lambda: len(told(running, "explained-")) == 1, "the notification")
    fingerprint = fingerprint_of(running, "explained-0")
    rows: list[dict[str, object]] = []

    def is_told() -> bool:
        rows[:] = json.loads(running.cli("explain", fingerprint, "-o", "json").stdout or "[]")
        return len(rows) == 2 and bool(rows[0]["outcomes"])

    wait_for(is_told, "both events and the outcome")
    assert [row["dedup"]["outcome"] for row in rows] == ["new", "duplicate"]  # type: ignore[index]
    assert rows[0]["outcomes"][0]["outcome"] == "delivered"  # type: ignore[index]
    assert "duplicate: said nothing new inside the window" in running.cli("explain", fingerprint).stdout


@pytest.mark.parametrize("path", ["/webhook/proxy", "/v1/webhooks/alertmanager"])
def test_every_real_webhook_is_answered_2xx_and_all_its_alerts_are_decided(running: Product, path: str) -> None:
    assert SAMPLES
    wanted: set[str] = set()
    for sample in SAMPLES:
        answer = running.post(sample.read_bytes(), path)
        assert answer.status_code == 202, sample
        count = len(orjson.loads(sample.read_bytes())["alerts"])
        wanted |= {f"{answer.json()['ingest_id']}-{position}" for position in range(count)}
    wait_for(lambda: wanted <= decided(running), "every alert decided")


def decided(running: Product) -> set[str]:
    kafka = running.config().kafka
    records = scan(kafka, topics(kafka).decisions, range(kafka.partitions))
    return {row["id"] for stored in records for row in orjson.loads(stored.value).get("decisions", ())}
