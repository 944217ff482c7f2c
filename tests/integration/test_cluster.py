"""The flow as a cluster of processes, on a real Kafka."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from confluent_kafka import Consumer, TopicPartition

from connectors.kafka.scan import scan
from connectors.kafka.topics import topics
from tests.integration.test_main_job import told, webhook
from tests.support.product import Product, end, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def made(kafka_bootstrap: str, topic_prefix: str) -> Iterator[Product]:
    with tempfile.TemporaryDirectory() as folder:
        product = Product(kafka_bootstrap, topic_prefix, Path(folder))
        state = product.folder / "state"
        state.mkdir()
        subprocess.run([sys.executable, "-m", "bytewax.recovery", str(state), "1"], check=True)
        try:
            product.gateway()
            yield product
        finally:
            product.close()


def options(made: Product) -> list[str]:
    return ["-r", str(made.folder / "state"), "-s", "1", "-b", "0"]


def decided(made: Product) -> dict[str, set[str]]:
    """By event: what dedup said of it, each time it was decided."""
    kafka = made.config().kafka
    found: dict[str, set[str]] = {}
    for stored in scan(kafka, topics(kafka).decisions, list(range(kafka.partitions))):
        for row in orjson.loads(stored.value).get("decisions", ()):
            found.setdefault(row["id"], set()).add(row["dedup"]["outcome"])
    return found


def ids(made: Product) -> dict[tuple[str, str], set[str]]:
    """By alert and status: the ids under which it was told."""
    found: dict[tuple[str, str], set[str]] = {}
    for arrival in made.arrived:
        assert isinstance(arrival.body, dict)
        key = (arrival.body["labels"]["instance"], arrival.body["status"])
        found.setdefault(key, set()).add(arrival.headers["webhook-id"])
    return found


def is_saved(made: Product) -> bool:
    """Whether snapshots cover all that lies in Kafka: only that is committed."""
    config = made.config()
    consumer = Consumer({"bootstrap.servers": config.kafka.bootstrap, "group.id": config.flow.group})
    places = [TopicPartition(topics(config.kafka).webhooks, number) for number in range(config.kafka.partitions)]
    ends = [consumer.get_watermark_offsets(place)[1] for place in places]
    return [place.offset for place in consumer.committed(places)] == ends


def test_two_processes_share_the_partitions_and_a_kill_of_one_ends_both_and_loses_nothing(made: Product) -> None:
    first, second = made.cluster(2, *options(made))
    assert all('"partitions": 4, "event": "reading_began"' in made.log(f"flow{number}") for number in range(2))
    made.post(webhook(range(100)))
    wait_for(lambda: len(told(made, "many-")) > 20, "some notifications")
    os.killpg(second.pid, signal.SIGKILL)
    assert first.wait(timeout=30) == 1
    end(second)
    made.post(webhook(range(50, 150)))
    made.cluster(2, *options(made))
    made.post(webhook(range(75), "resolved"))
    made.post(webhook(range(75, 150), "resolved"))
    firing = {(f"many-{number}", "firing") for number in range(150)}
    resolved = {(f"many-{number}", "resolved") for number in range(150)}
    wait_for(lambda: set(told(made, "many-")) >= resolved, "all resolves")
    assert set(told(made, "many-")) <= firing | resolved
    assert {len(seen) for seen in ids(made).values()} == {1}
    wait_for(lambda: len(decided(made)) == 350, "a decision about each event")
    assert {len(said) for said in decided(made).values()} == {1}


def test_state_goes_along_to_another_number_of_processes(made: Product) -> None:
    cluster = made.cluster(2, *options(made))
    made.post(webhook(range(100)))
    wait_for(lambda: is_saved(made), "a snapshot of all that was read")
    for process in cluster:
        end(process)
    made.cluster(3, *options(made))
    assert "cold_start" not in made.log("flow2")
    again = made.post(webhook(range(100))).json()["ingest_id"]
    made.post(webhook(range(100, 110)))
    wait_for(lambda: len(set(told(made, "many-"))) == 110, "the new ones")
    assert {len(seen) for seen in ids(made).values()} == {1}
    repeated = {f"{again}-{position}" for position in range(100)}
    wait_for(lambda: decided(made).keys() >= repeated, "a decision about each repeat")
    assert {said for id_ in repeated for said in decided(made)[id_]} == {"duplicate"}
