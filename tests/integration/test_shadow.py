"""A candidate beside a real flow on a real Kafka, killed, restarted and exchanged on one recovery directory."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml
from confluent_kafka import Consumer, TopicPartition

from connectors.kafka.scan import scan
from connectors.kafka.topics import admin, shadow, topics
from flows.decided import lines
from tests.integration.test_flow_process import recovery
from tests.integration.test_main_job import told, webhook
from tests.support.product import Product, end, wait_for

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

TENS = [{"name": "tens", "when": 'instance=~"many-.*0"', "action": "deny"}]


@pytest.fixture
def made(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> Iterator[Product]:
    product = Product(kafka_bootstrap, topic_prefix, tmp_path)
    try:
        yield product
    finally:
        product.close()


def configure(made: Product, rules: list[dict[str, str]] | None, **limits: int) -> None:
    """Put a candidate with these filter rules beside what runs; None: none."""
    file = made.folder / "winnow.yaml"
    settings = {key: value for key, value in yaml.safe_load(file.read_text()).items() if key != "shadow"}
    if rules is not None:
        (made.folder / "candidate.yaml").write_text(yaml.safe_dump({**settings, "filter": rules}))
        settings["shadow"] = {"config": "candidate.yaml", "min_events": 1, **limits}
    file.write_text(yaml.safe_dump(settings))


def decided(made: Product, topic: str) -> set[bytes]:
    """The input ids; none while there is no such topic."""
    kafka = made.config().kafka
    if topic not in admin(kafka).list_topics(timeout=10).topics:
        return set()
    records = scan(kafka, topic, range(kafka.partitions))
    return {id_ for record in records for id_, _ in lines(record.value)}


def send(made: Product, first: int, status: str = "firing") -> None:
    assert made.post(webhook(range(first, first + 100), status)).status_code == 202


def is_saved(made: Product) -> bool:
    """Whether a snapshot covers all that lies in Kafka."""
    config = made.config()
    topic = topics(config.kafka).webhooks
    places = [TopicPartition(topic, partition) for partition in range(config.kafka.partitions)]
    consumer = Consumer({"bootstrap.servers": config.kafka.bootstrap, "group.id": config.flow.group})
    try:
        ends = {place.partition: consumer.get_watermark_offsets(place, timeout=10)[1] for place in places}
        return all(place.offset >= ends[place.partition] > 0 for place in consumer.committed(places, timeout=10))
    finally:
        consumer.close()


def kill_when_saved(made: Product, flow: subprocess.Popen[bytes]) -> None:
    """Kill the flow so that the next reads nothing again."""
    wait_for(lambda: is_saved(made), "a snapshot of all that was sent")
    kill(flow)


def kill(flow: subprocess.Popen[bytes]) -> None:
    os.killpg(flow.pid, signal.SIGKILL)
    end(flow)


def await_decided(made: Product, live: int, candidate: int | None = None) -> None:
    """Wait until so many alert events are decided; None: by the candidate as many."""
    kafka, candidate = made.config().kafka, live if candidate is None else candidate
    wait_for(lambda: len(decided(made, topics(kafka).decisions)) == live, f"{live} are decided")
    wait_for(lambda: len(decided(made, shadow(kafka))) == candidate, f"the candidate has decided {candidate}")


def report(made: Product, *arguments: str) -> tuple[int, dict[str, Any]]:
    result = made.cli("shadow", "-o", "json", *arguments)
    assert result.stderr == ""
    return result.returncode, json.loads(result.stdout)


def test_candidate_survives_kill_9_with_nothing_lost_and_tells_what_differs(made: Product) -> None:
    configure(made, TENS)
    made.gateway()
    flow = made.flow(*recovery(made))
    for number, status in enumerate(("firing", "firing", "resolved", "firing")):
        send(made, 0, status)
        send(made, 100, status)
        await_decided(made, 300 * number + 200)
        send(made, 200, status)
        kill(flow)
        flow = made.flow(*recovery(made))
        await_decided(made, 300 * number + 300)
    code, found = report(made)
    assert (code, found["verdict"], found["compared"]) == (0, "within limits", 1200)
    assert (found["not_decided_by_candidate"], found["not_decided_by_live"], found["faults"]) == (0, 0, [])
    # Thirty alerts, told as firing, resolved, and firing again.
    assert found["kinds"] == {"no longer sent": 90}
    assert found["totals_candidate"]["suppressed"]["filter"] == {"tens": 90}
    configure(made, TENS, max_fewer=89)
    assert report(made)[0] == 1
    wait_for(lambda: len(set(told(made, "many-"))) == 600, "everybody is told all that the live configuration sends")


def test_candidate_comes_changes_and_goes_on_one_recovery_directory(made: Product) -> None:
    made.gateway()
    flow = made.flow(*recovery(made))
    send(made, 0)
    names = topics(made.config().kafka).decisions, shadow(made.config().kafka)
    wait_for(lambda: len(decided(made, names[0])) == 100, "all is decided")
    kill_when_saved(made, flow)

    configure(made, TENS)
    flow = made.flow(*recovery(made))
    send(made, 0)
    await_decided(made, 200, 100)
    # It knows what the flow remembers: nothing is told again.
    assert report(made)[1]["totals_candidate"]["suppressed"]["dedup"] == {"duplicate": 100}
    kill_when_saved(made, flow)

    configure(made, [])
    flow = made.flow(*recovery(made))
    send(made, 0)
    send(made, 100)
    await_decided(made, 400, 300)
    code, found = report(made)
    assert (code, found["compared"], found["different"]) == (0, 200, 0)
    kill_when_saved(made, flow)

    configure(made, None)
    flow = made.flow(*recovery(made))
    send(made, 200)
    wait_for(lambda: len(decided(made, names[0])) == 500, "all is decided")
    kill_when_saved(made, flow)

    configure(made, [])
    made.flow(*recovery(made))
    send(made, 200)
    await_decided(made, 600, 400)
    found = report(made, "--since", "1h")[1]
    assert (found["compared"], found["different"], found["not_decided_by_candidate"]) == (300, 0, 100)
    assert Counter(told(made, "many-")) == Counter((f"many-{number}", "firing") for number in range(300))


def test_candidate_that_cannot_be_used_is_named_and_everybody_is_told_without_it(made: Product) -> None:
    configure(made, [{"name": "odd", "wen": "x"}])
    made.gateway()
    made.flow(*recovery(made))
    send(made, 0)
    wait_for(lambda: len(told(made, "many-")) == 100, "everybody is told")
    assert httpx.get(f"{made.flow_url}/readyz").status_code == 200
    assert 'winnow_shadow_errors_total{step="configuration"} 1.0' in httpx.get(f"{made.flow_url}/metrics").text
    refused = made.cli("shadow")
    assert refused.returncode == 2
    for said in (made.log("flow"), refused.stderr):
        assert f"{made.folder}/candidate.yaml" in said
        assert "filter[0] (odd).wen: unknown key; did you mean 'when'" in said
        assert "Traceback" not in said


BROKEN = """
import connectors.candidate
from flows.steps.filter import Filter
judge = Filter.__call__
def raises(self, alert, *more):
    if self._rules and self._rules[0][0].name == "broken" and alert.labels.get("instance", "").endswith("3"):
        raise KeyError("a candidate's own")
    return judge(self, alert, *more)
Filter.__call__ = raises
from flows.proxy import flow
"""


def test_candidate_that_raises_is_told_and_the_flow_goes_on(made: Product) -> None:
    configure(made, [{"name": "broken", "when": 'instance="nowhere"', "action": "deny"}])
    (made.folder / "breaking.py").write_text(BROKEN)
    made.environ["PYTHONPATH"] = f"{made.folder}:{Path.cwd()}"
    made.gateway()
    flow = made.flow_of("breaking", *recovery(made))
    send(made, 0)
    await_decided(made, 100, 100)
    wait_for(lambda: len(told(made, "many-")) == 100, "everybody is told")
    code, found = report(made)
    assert (code, found["verdict"]) == (1, "beyond limits")
    assert [(one["step"], one["error"]) for one in found["faults"]] == [("filter", "KeyError")]
    assert sum(one["times"] for one in found["faults"]) == 10
    metrics = httpx.get(f"{made.flow_url}/metrics").text
    assert 'winnow_shadow_errors_total{step="filter"} 10.0' in metrics
    assert 'winnow_step_errors_total{step="filter"}' not in metrics
    assert made.log("flow").count("shadow_raised") == 1
    assert flow.poll() is None
