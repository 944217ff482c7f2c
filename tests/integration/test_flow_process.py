"""The flow as a process: how it starts, stops and comes back, on a real Kafka."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
import yaml
from confluent_kafka import Producer

from connectors.kafka.scan import scan
from connectors.kafka.topics import topics
from tests.integration.test_main_job import told, webhook
from tests.support.kafka.broker import Broker
from tests.support.product import Product, end, free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def made(kafka_bootstrap: str, topic_prefix: str) -> Iterator[Product]:
    with tempfile.TemporaryDirectory() as folder:
        product = Product(kafka_bootstrap, topic_prefix, Path(folder))
        try:
            yield product
        finally:
            product.close()


def recovery(made: Product) -> list[str]:
    state = made.folder / "state"
    if not state.exists():
        state.mkdir()
        subprocess.run([sys.executable, "-m", "bytewax.recovery", str(state), "1"], check=True)
    return ["-r", str(state), "-s", "1", "-b", "0"]


def ends(made: Product) -> dict[str, dict[str, object]]:
    """The newest outcome of each delivery."""
    kafka = made.config().kafka
    records = scan(kafka, topics(kafka).decisions, list(range(kafka.partitions)))
    outcomes = [outcome for stored in records for outcome in orjson.loads(stored.value).get("outcomes", ())]
    return {outcome["delivery"]: outcome for outcome in outcomes}


def test_sigterm_ends_the_flow_with_exit_status_0(made: Product) -> None:
    flow = made.flow(*recovery(made))
    flow.terminate()
    assert flow.wait(timeout=30) == 0


def test_what_was_told_before_a_stop_is_a_repeat_after_it(made: Product) -> None:
    made.gateway()
    flow = made.flow(*recovery(made))
    made.post(webhook(range(10)))
    wait_for(lambda: len(told(made, "many-")) == 10, "10 notifications")
    flow.terminate()
    assert flow.wait(timeout=30) == 0
    assert "Unclosed" not in made.log("flow")
    made.post(webhook(range(12)))
    made.flow(*recovery(made))
    wait_for(lambda: len(told(made, "many-")) >= 12, "2 more notifications")
    assert sorted(told(made, "many-")) == sorted((f"many-{number}", "firing") for number in range(12))


def test_kill_9_loses_nothing_and_what_is_repeated_carries_the_same_id(made: Product) -> None:
    made.gateway()
    flow = made.flow(*recovery(made))
    for first in range(0, 300, 100):
        made.post(webhook(range(first, first + 100)))
    wait_for(lambda: len(told(made, "many-")) > 20, "some notifications")
    os.killpg(flow.pid, signal.SIGKILL)
    end(flow)
    made.flow(*recovery(made))
    wait_for(lambda: len(set(told(made, "many-"))) == 300, "all notifications")
    ids: dict[str, set[str]] = {}
    for arrival in made.arrived:
        assert isinstance(arrival.body, dict)
        ids.setdefault(arrival.body["labels"]["instance"], set()).add(arrival.headers["webhook-id"])
    assert {len(seen) for seen in ids.values()} == {1}
    made.post(webhook(range(20), prefix="later"))
    wait_for(lambda: len(ends(made)) == 320, "all outcomes")
    arrivals = Counter(arrival.headers["webhook-id"] for arrival in made.arrived)
    repeats = {id_ for id_, count in arrivals.items() if count > 1}
    marked = {id_ for id_, end in ends(made).items() if end.get("repeat") == "after recovery"}
    later = {
        arrival.headers["webhook-id"]
        for arrival in made.arrived
        if isinstance(arrival.body, dict) and arrival.body["labels"]["instance"].startswith("later-")
    }
    assert repeats <= marked
    assert len(later) == 20
    assert not marked & later


def test_a_recovery_directory_of_other_partitions_is_refused_in_one_line(made: Product) -> None:
    flow = made.flow(*recovery(made))
    flow.terminate()
    flow.wait(timeout=30)
    config = Path(made.environ["WINNOW_CONFIG"])
    settings = yaml.safe_load(config.read_text())
    settings["kafka"] |= {"partitions": 4, "topic_prefix": settings["kafka"]["topic_prefix"] + "-other"}
    config.write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-m", "bytewax.run", "flows.proxy", *recovery(made)]
    ended = subprocess.run(command, env=made.environ, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "belongs to 8 partitions, winnow.yaml says kafka.partitions: 4" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_second_flow_on_a_recovery_directory_is_refused_in_one_line_while_the_first_goes_on(made: Product) -> None:
    first = made.flow(*recovery(made))
    command = [sys.executable, "-m", "bytewax.run", "flows.proxy", *recovery(made)]
    ended = subprocess.run(command, env=made.environ, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "another flow runs on the recovery directory" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert first.poll() is None


def test_several_workers_in_one_process_are_refused_in_one_line(made: Product) -> None:
    command = [sys.executable, "-m", "bytewax.run", "flows.proxy", "-w", "2"]
    ended = subprocess.run(command, env=made.environ, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "2 workers in one process" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_a_snapshot_it_begins_where_the_group_left_off_rewound(made: Product) -> None:
    made.gateway()
    flow = made.flow(*recovery(made))
    made.post(webhook(range(5)))
    wait_for(lambda: len(told(made, "many-")) == 5, "5 notifications")
    flow.terminate()
    flow.wait(timeout=30)
    made.flow()
    wait_for(lambda: len(told(made, "many-")) == 10, "the same 5 again")
    ids = [arrival.headers["webhook-id"] for arrival in made.arrived]
    assert sorted(ids[:5]) == sorted(ids[5:])


def test_what_lies_in_kafka_at_the_start_is_read_before_anything_is_told(made: Product) -> None:
    """Else a restart would tell an older state, under an id nobody has seen, after the newer one was told before it."""
    made.gateway()
    for status in ("firing", "resolved"):
        made.post(webhook(range(20), status))
    made.flow(*recovery(made))
    made.post(webhook(range(20, 21)))
    wait_for(lambda: ("many-20", "firing") in told(made, "many-"), "what comes later")
    wait_for(lambda: len(told(made, "many-")) >= 21, "all notifications")
    assert sorted(told(made, "many-")) == sorted(
        [("many-20", "firing"), *((f"many-{number}", "resolved") for number in range(20))]
    )


def test_a_record_that_cannot_be_read_is_quarantined_with_its_place(made: Product) -> None:

    made.gateway()
    made.flow(*recovery(made))
    kafka = made.config().kafka
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(topics(kafka).webhooks, b"no record of ours", partition=3)
    producer.flush()
    found: list[bytes] = []

    def is_there() -> bool:
        found[:] = [stored.value for stored in scan(kafka, topics(kafka).quarantine, [0])]
        return bool(found)

    wait_for(is_there, "the quarantined record")
    assert b'"partition":3,"offset":0' in found[0]
    assert b"no record of ours" in found[0]


def test_it_waits_for_a_broker_that_comes_later_and_is_ready_while_it_is_there() -> None:
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(Path(folder) / "kafka")
        made = Product(broker.bootstrap, f"late-{free_port()}", Path(folder))
        try:
            command = [sys.executable, "-m", "bytewax.run", "flows.proxy"]
            with (made.folder / "early.log").open("wb") as log:
                flow = subprocess.Popen(command, env=made.environ, stdout=log, stderr=log, start_new_session=True)
            try:
                wait_for(lambda: "waiting_for_kafka" in made.log("early"), "it says that it waits")
                broker.start()
                wait_for(lambda: "cold_start" in made.log("early"), "it begins")
                wait_for(made.flow_is_ready, "ready")
                broker.kill()
                wait_for(lambda: not made.flow_is_ready(), "not ready while the broker is away")
                broker.start()
                wait_for(made.flow_is_ready, "ready again")
            finally:
                end(flow)
        finally:
            made.close()
            broker.stop()
