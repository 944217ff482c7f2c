"""The index of names that a flow keeps, on a real Kafka, by several processes of which one is killed."""

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

from connectors.kafka.scan import scan
from connectors.kafka.topics import topics
from tests.integration.test_main_job import decided, webhook
from tests.support.product import Product, end, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def made(kafka_bootstrap: str, topic_prefix: str) -> Iterator[Product]:
    with tempfile.TemporaryDirectory() as folder:
        product = Product(kafka_bootstrap, topic_prefix, Path(folder))
        try:
            product.gateway()
            yield product
        finally:
            product.close()


def told(made: Product) -> dict[int, dict[int, list[str]]]:
    """The names that were told of each partition, by the process that told them."""
    found: dict[int, dict[int, list[str]]] = {}
    for stored in scan(made.config().kafka, topics(made.config().kafka).names, [0]):
        row = orjson.loads(stored.value)
        found.setdefault(row["partition"], {}).setdefault(row["since_ms"], []).extend(row["names"])
    return found


def test_each_process_tells_the_names_of_its_partitions_once_also_after_a_kill_and_in_another_cluster(
    made: Product,
) -> None:
    state = made.folder / "state"
    state.mkdir()
    subprocess.run([sys.executable, "-m", "bytewax.recovery", str(state), "1"], check=True)
    options = ["-r", str(state), "-s", "1", "-b", "0"]
    first, second = made.cluster(2, *options)
    made.post(webhook(range(100)))
    wait_for(lambda: len(decided(made)) == 100, "all decided")
    wait_for(lambda: len(told(made)) == 8, "names of every partition")
    os.killpg(second.pid, signal.SIGKILL)
    assert first.wait(timeout=30) == 1
    end(second)
    made.cluster(3, *options)
    made.post(webhook(range(100, 200)))
    wait_for(lambda: len(decided(made)) == 200, "all decided after the kill")
    wait_for(lambda: [len(by_process) for by_process in told(made).values()] == [2] * 8, "names told again")
    assert {tuple(names) for by_process in told(made).values() for names in by_process.values()} == {("DiskSlow",)}


def test_name_is_found_by_what_the_flow_wrote(made: Product) -> None:
    made.flow()
    made.post(webhook(range(3)))
    wait_for(lambda: len(decided(made)) == 3, "all decided")
    wait_for(lambda: len(told(made)) > 0, "names")
    listed = orjson.loads(made.cli("explain", "DiskSlow", "-o", "json").stdout)
    assert [one["events"] for one in listed] == [1, 1, 1]
