"""A language model beside the flow, on a real Kafka: it classifies, it dies, and who waits for it outlives a crash."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from connectors.kafka.scan import scan
from connectors.kafka.topics import topics
from tests.support.model import ModelServer, model_server
from tests.support.product import Product, end, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with model_server() as it:
        yield it


@pytest.fixture
def made(kafka_bootstrap: str, topic_prefix: str, model: ModelServer) -> Iterator[Product]:
    """Gateway, and a configuration by which the flow asks the model; alerts wait longer for it than a test takes."""
    llm = {
        "base_url": model.base_url,
        "model": "small",
        "deadline": "10m",
        "critical_deadline": "10m",
        "timeout": "10m",
    }
    with tempfile.TemporaryDirectory() as folder:
        product = Product(kafka_bootstrap, topic_prefix, Path(folder), classify={"llm": llm})
        try:
            product.gateway()
            yield product
        finally:
            product.close()


def start(made: Product) -> subprocess.Popen[bytes]:
    """The flow, on its recovery directory."""
    state = made.folder / "state"
    if not state.exists():
        state.mkdir()
        subprocess.run([sys.executable, "-m", "bytewax.recovery", str(state), "1"], check=True)
    return made.flow("-r", str(state), "-s", "1", "-b", "0")


def post(made: Product, name: str) -> None:
    labels = {"alertname": name, "severity": "info", "instance": "host-12345"}
    alert = {"status": "firing", "labels": labels, "startsAt": "2026-11-24T03:00:00Z"}
    made.post(orjson.dumps({"receiver": "r", "alerts": [alert]})).raise_for_status()


def arrived(made: Product) -> list[tuple[str, str]]:
    """Name and judge of each notification."""
    bodies = [one.body for one in made.arrived if isinstance(one.body, dict)]
    return [(body["alert_name"], body["classification"]["source"]) for body in bodies]


def decisions(made: Product, name: str) -> list[dict[str, Any]]:
    kafka = made.config().kafka
    records = scan(kafka, topics(kafka).decisions, list(range(kafka.partitions)))
    rows = [row for stored in records for row in orjson.loads(stored.value).get("decisions", ())]
    return [row for row in rows if row["name"] == name]


def snapshots(made: Product) -> int:
    """How many there were, of all partitions."""
    text = httpx.get(f"{made.flow_url}/metrics", trust_env=False, timeout=60).text
    found = re.search(r"^winnow_snapshot_pause_seconds_count ([\d.]+)", text, re.MULTILINE)
    return int(float(found[1])) if found else 0


def test_model_classifies_and_once_it_is_dead_rules_do_and_the_decision_says_so(
    made: Product, model: ModelServer
) -> None:
    start(made)
    post(made, "CheckoutSlow")
    wait_for(lambda: arrived(made) == [("CheckoutSlow", "llm")], "an alert by the model")
    end(model.process)
    post(made, "BackupSlow")
    wait_for(lambda: len(arrived(made)) == 2, "an alert by the rules")
    assert arrived(made)[1] == ("BackupSlow", "label")
    wait_for(lambda: bool(decisions(made, "BackupSlow")), "its decision")
    (by_model,), (by_rules,) = decisions(made, "CheckoutSlow"), decisions(made, "BackupSlow")
    assert (by_model["advice"]["how"], by_model["advice"]["answer"]["severity"]) == ("answered", "critical")
    assert by_model["advice"]["alone"]["severity"] == "info"
    assert by_rules["advice"]["how"] in {"failed", "held-back"}
    assert "answer" not in by_rules["advice"]
    told = made.cli("explain", by_rules["fingerprint"]).stdout
    assert "model" in told
    assert f"no answer, the rules decided ({by_rules['advice']['how']}: " in told
    stats = orjson.loads(made.cli("llm", "stats", "-o", "json").stdout)
    assert (stats["answers"], stats["by_how"]) == (1, {"answered": 1, by_rules["advice"]["how"]: 1})


def test_alert_that_waits_for_the_model_when_the_flow_is_killed_arrives_once(made: Product, model: ModelServer) -> None:
    model.behave("slow", seconds=600)
    flow = start(made)
    post(made, "CheckoutSlow")
    wait_for(lambda: model.calls() == 1, "the model is asked")
    before = snapshots(made)
    # One for each partition; what waits is in the second at the latest.
    wait_for(lambda: snapshots(made) >= before + 2 * made.config().kafka.partitions, "snapshots with what waits")
    assert arrived(made) == []
    os.killpg(flow.pid, signal.SIGKILL)
    end(flow)
    model.behave("ok")
    start(made)
    wait_for(lambda: bool(arrived(made)), "the alert that waited")
    post(made, "BackupSlow")
    wait_for(lambda: len(arrived(made)) >= 2, "one that comes later")
    assert arrived(made) == [("CheckoutSlow", "llm"), ("BackupSlow", "llm")]
    wait_for(lambda: bool(decisions(made, "BackupSlow")), "the decisions")
    (decision,) = decisions(made, "CheckoutSlow")
    assert (decision["advice"]["how"], decision["classify"]["severity"]) == ("answered", "critical")
