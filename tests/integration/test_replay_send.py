"""After an outage of a target, beside the flow that gave it up, on a real Kafka: each goes once more, once."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Producer

from alerts.record import split
from connectors.kafka.scan import scan
from connectors.kafka.topics import ensure, topics
from flows.decided import lines
from tests.integration.test_main_job import webhook
from tests.integration.test_retry import Target, letters, states
from tests.support.events import ENVELOPE, submission
from tests.support.product import Product, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alerts.config import Kafka


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()
    yield made
    made.close()


@pytest.fixture
def made(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path, target: Target) -> Iterator[Product]:
    hook = {"name": "team", "kind": "webhook", "url": target.url, "allow_private": True}
    product = Product(kafka_bootstrap, topic_prefix, tmp_path, targets=[hook])
    try:
        yield product
    finally:
        product.close()


def replayed(made: Product) -> dict[str, Any]:
    result = made.cli("replay", "--since", "1d", "--send", "--target", "team", "--yes", "-o", "json")
    assert result.returncode == 0, result.stderr
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_what_the_flow_gave_up_is_replayed_once_and_counts_as_delivered(made: Product, target: Target) -> None:
    made.gateway()
    made.flow()
    made.post(webhook(range(20)))
    wait_for(lambda: len(letters(made)) == 20, "20 dead letters")
    wait_for(lambda: states(made) == {"dead-lettered": 20}, "their outcomes")
    target.recover()
    assert replayed(made)["delivered"] == 20
    assert {one.headers["webhook-id"] for one in target.told} == {one["delivery"]["id"] for one in letters(made)}
    assert {one.headers["winnow-replayed"] for one in target.told} == {"true"}
    assert states(made) == {"delivered": 20}
    assert (replayed(made)["delivered"], replayed(made)["left_out"]) == (0, {"delivered already": 20})
    assert made.cli("dead-letters", "ls").stdout.splitlines()[-1] == "0 open, 20 delivered"
    code, differences = _diff(made)
    assert (code, differences) == (0, 0)
    made.post(webhook(range(1), prefix="last"))
    wait_for(lambda: target.states()[-1][0] == "last-0", "a newer alert")
    assert len(target.told) == 21
    assert "winnow-replayed" not in target.told[-1].headers


def test_backlog_that_the_flow_is_still_sending_is_left_to_it(made: Product, target: Target) -> None:
    kafka = made.config().kafka
    ensure(kafka)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    then_ms = time.time_ns() // 1_000_000 - 3 * 3600 * 1000
    for number in range(5):
        envelope = ENVELOPE._replace(id=f"{number:032x}", accepted_ms=then_ms)
        ((partition, value),) = split(envelope, [submission(f"Old{number}")], kafka.partitions)
        producer.produce(topics(kafka).webhooks, value, partition=partition, timestamp=then_ms)
    assert producer.flush(30) == 0
    target.fail(503)
    made.flow()
    wait_for(lambda: _decided(kafka) == 5, "five decisions")
    told = replayed(made)
    assert (told["delivered"], told["left_out"]) == (0, {"under way in the flow": 5})
    target.recover()
    wait_for(lambda: len(target.told) == 5, "the flow to send them")
    assert len({one.headers["webhook-id"] for one in target.told}) == 5


def _decided(kafka: Kafka) -> int:
    return sum(len(lines(one.value)) for one in scan(kafka, topics(kafka).decisions, range(kafka.partitions)))


def _diff(made: Product) -> tuple[int, int]:
    """What a replay finds between what was decided and what is: outcomes of a replay among it change nothing."""
    result = made.cli("replay", "--since", "1h", "--fail-on-diff", "-o", "json")
    return result.returncode, json.loads(result.stdout)["different"]
