"""A candidate beside a flow whose alerts wait for a model: the same candidate decides the same, also across a crash."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import yaml

from connectors.kafka.topics import shadow, topics
from tests.integration.test_flow_process import recovery
from tests.integration.test_llm import snapshots
from tests.integration.test_shadow import decided
from tests.support.model import ModelServer, model_server
from tests.support.product import Product, end, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with model_server() as it:
        yield it


@pytest.fixture
def made(kafka_bootstrap: str, topic_prefix: str, model: ModelServer, tmp_path: Path) -> Iterator[Product]:
    """A gateway, and a configuration that is its own candidate."""
    llm = {"base_url": model.base_url, "model": "small", "deadline": "10m", "critical_deadline": "10m"}
    beside = {"config": "winnow.yaml", "min_events": 1}
    sections = {"classify": {"llm": {**llm, "timeout": "10m"}}, "shadow": beside}
    product = Product(kafka_bootstrap, topic_prefix, tmp_path, **sections)
    try:
        product.gateway()
        yield product
    finally:
        product.close()


def post(made: Product, name: str) -> None:
    """The same five alerts, as one more replica of a sender says them."""
    alerts = [
        {
            "status": "firing",
            "labels": {"alertname": name, "severity": "info", "instance": f"host-{number}"},
            "startsAt": "2026-11-24T03:00:00Z",
        }
        for number in range(5)
    ]
    made.post(orjson.dumps({"receiver": "r", "alerts": alerts})).raise_for_status()


def report(made: Product) -> dict[str, Any]:
    result = made.cli("shadow", "-o", "json")
    assert result.stderr == ""
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_what_waits_for_the_model_is_judged_by_its_answer_after_a_crash_too(made: Product, model: ModelServer) -> None:
    model.behave("slow", seconds=600)
    flow = made.flow(*recovery(made))
    post(made, "CheckoutSlow")
    wait_for(lambda: model.calls() >= 1, "the model is asked")
    post(made, "CheckoutSlow")
    names = topics(made.config().kafka).decisions, shadow(made.config().kafka)
    wait_for(lambda: [len(decided(made, name)) for name in names] == [5, 5], "the repeats are decided, the first wait")
    before = snapshots(made)
    wait_for(lambda: snapshots(made) >= before + 2 * made.config().kafka.partitions, "snapshots with what waits")
    os.killpg(flow.pid, signal.SIGKILL)
    end(flow)
    model.behave("ok")
    made.flow(*recovery(made))
    wait_for(lambda: [len(decided(made, name)) for name in names] == [10, 10], "all is decided")
    found = report(made)
    assert (found["compared"], found["different"], found["faults"]) == (10, 0, [])
    assert (found["not_decided_by_candidate"], found["not_decided_by_live"]) == (0, 0)
    assert found["totals_candidate"]["severities"] == {"critical": 5}
    assert found["totals_candidate"]["suppressed"] == {"dedup": {"duplicate": 5}}


def test_rule_of_the_candidate_is_asked_before_the_answer_that_the_flow_got(made: Product) -> None:
    file = made.folder / "winnow.yaml"
    settings = yaml.safe_load(file.read_text())
    rule = {"name": "quiet", "when": 'instance="host-1"', "severity": ["critical"], "action": "deny", "critical": True}
    (made.folder / "candidate.yaml").write_text(yaml.safe_dump({**settings, "filter": [rule]}))
    file.write_text(yaml.safe_dump({**settings, "shadow": {"config": "candidate.yaml", "min_events": 1}}))
    made.flow(*recovery(made))
    post(made, "CheckoutSlow")
    names = topics(made.config().kafka).decisions, shadow(made.config().kafka)
    wait_for(lambda: [len(decided(made, name)) for name in names] == [5, 5], "all is decided")
    found = report(made)
    # The model says critical; what the rules alone let pass, passes whatever it says.
    assert found["totals_live"]["severities"] == found["totals_candidate"]["severities"] == {"critical": 5}
    assert found["different"] == 0
