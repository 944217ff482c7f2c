"""What happened to an alert on a real Kafka becomes a case that passes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.product import Product, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def made(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> Iterator[Product]:
    product = Product(kafka_bootstrap, topic_prefix, tmp_path)
    try:
        yield product
    finally:
        product.close()


def body(status: str, name: str) -> bytes:
    labels = {"alertname": name, "severity": "critical"}
    alert = {"status": status, "labels": labels, "startsAt": "2026-11-24T03:00:00Z"}
    return json.dumps({"receiver": "team", "version": "4", "alerts": [alert]}).encode()


def told(made: Product) -> dict[tuple[str, str], str]:
    """The fingerprint of what arrived, by name and status."""
    bodies = [one.body for one in made.arrived if isinstance(one.body, dict)]
    return {(one["labels"]["alertname"], one["status"]): one["fingerprint"] for one in bodies}


def test_alert_that_fired_repeated_and_ended_is_recorded_and_passes(made: Product) -> None:
    made.gateway()
    made.flow()
    for name in ("Other", "PostgresDown"):
        for status in ("firing", "firing", "resolved"):
            assert made.post(body(status, name)).status_code == 202
    wait_for(lambda: ("PostgresDown", "resolved") in told(made), "the resolve")
    fingerprint = told(made)["PostgresDown", "resolved"]
    # The decision may be written after the notification.
    wait_for(lambda: len(json.loads(made.cli("explain", fingerprint, "-o", "json").stdout)) == 3, "three decisions")
    result = made.cli("record-test", fingerprint, "--since", "1h")
    assert result.returncode == 0, result.stderr
    (case,) = yaml.safe_load(result.stdout)
    expected = [[entry.get("status", "nobody") for entry in step["expect"]] for step in case["steps"]]
    assert expected == [["firing"], ["nobody"], ["resolved"]]
    (made.folder / "case.yaml").write_text(result.stdout)
    assert made.cli("test", str(made.folder / "case.yaml")).stdout == "1 passed\n"
