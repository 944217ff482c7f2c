"""Dead letters and quarantined records come back, on a real Kafka: each once, under its own id."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from confluent_kafka import Producer

from alerts.quarantine import from_flow, from_gateway
from alerts.record import decode, split
from connectors.inbox import Inbox
from connectors.kafka.scan import scan
from connectors.kafka.topics import topics
from tests.integration.test_main_job import webhook
from tests.support.events import ENVELOPE, read
from tests.support.product import Product, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alerts.config import Kafka
    from connectors.arrival import Arrival


class Target:
    """One that refuses all until it is well."""

    def __init__(self) -> None:
        self.told: list[Arrival] = []
        self._inbox = Inbox("127.0.0.1:0", self._show, status=400)
        self.url = f"{self._inbox.url}/x"

    def _show(self, arrival: Arrival, status: int) -> None:
        if status == 200:
            self.told.append(arrival)

    def fail(self, status: int) -> None:
        self._inbox._status = status

    def recover(self) -> None:
        self._inbox._status = None

    def close(self) -> None:
        self._inbox.close()

    def states(self) -> list[tuple[str, str]]:
        return [(one.body["labels"]["instance"], one.body["status"]) for one in self.told if isinstance(one.body, dict)]


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


def retried(made: Product, verb: str, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    result = made.cli(verb, "retry", "-o", "json", *arguments)
    assert result.returncode in {0, 1}, result.stderr
    return result.returncode, json.loads(result.stdout)


def letters(made: Product) -> list[dict[str, Any]]:
    kafka = made.config().kafka
    return [orjson.loads(stored.value) for stored in scan(kafka, topics(kafka).dead_letters, [0])]


def states(made: Product) -> dict[str, int]:
    told: dict[str, dict[str, int]] = json.loads(made.cli("ledger", "--deadline", "0s", "-o", "json").stdout)
    return told["states"]


def results(rows: list[dict[str, Any]]) -> list[str]:
    return [row["result"] for row in rows]


def test_after_an_outage_each_dead_letter_is_sent_once_under_its_own_id(made: Product, target: Target) -> None:
    made.gateway()
    made.flow()
    made.post(webhook(range(20)))
    wait_for(lambda: len(letters(made)) == 20, "20 dead letters")
    target.recover()
    code, rows = retried(made, "dead-letters", "--target", "team")
    assert (code, results(rows)) == (0, ["retried"] * 20)
    wait_for(lambda: len(target.told) == 20, "20 notifications")
    given_up = {letter["delivery"]["id"]: letter["accepted_ms"] for letter in letters(made)}
    assert {one.headers["webhook-id"] for one in target.told} == given_up.keys()
    wait_for(lambda: states(made) == {"delivered": 20}, "the ledger counts them as delivered")
    code, rows = retried(made, "dead-letters", "--target", "team")
    assert (code, results(rows)) == (0, ["already retried"] * 20)
    assert made.cli("dead-letters", "ls").stdout.splitlines()[-1] == "0 open, 20 retried: delivered"
    made.post(webhook(range(1), prefix="last"))
    wait_for(lambda: target.states()[-1][0] == "last-0", "a newer alert")
    assert len(target.told) == 21


def changed(body: bytes, status: str) -> bytes:
    webhook_ = orjson.loads(body)
    for alert in webhook_["alerts"]:
        alert["status"] = status
    return orjson.dumps(webhook_)


def test_firing_whose_resolve_was_told_since_is_left_out_and_the_story_is_explained(
    made: Product, target: Target
) -> None:
    made.gateway()
    made.flow()
    made.post(webhook(range(3)))
    wait_for(lambda: len(letters(made)) == 3, "3 dead letters")
    target.recover()
    made.post(changed(webhook(range(1)), "resolved"))
    wait_for(lambda: target.states() == [("many-0", "resolved")], "the resolve")
    rows: list[dict[str, Any]] = []

    def is_superseded() -> bool:
        rows[:] = retried(made, "dead-letters", "--target", "team", "--dry-run")[1]
        return sorted(results(rows)) == ["superseded", "to retry", "to retry"]

    wait_for(is_superseded, "the outcome of the resolve")
    assert retried(made, "dead-letters", "--target", "team")[0] == 0
    wait_for(lambda: len(target.told) == 3, "2 notifications more")
    assert sorted(target.states()[1:]) == [("many-1", "firing"), ("many-2", "firing")]
    fingerprint = next(one["fingerprint"] for one in letters(made) if "many-1" in json.dumps(one))

    def story() -> list[str]:
        return [line for line in made.cli("explain", fingerprint).stdout.splitlines() if "team: " in line]

    wait_for(lambda: len(story()) == 3, "the last outcome")
    assert ["dead-lettered" in story()[0], "to be sent again" in story()[1], "delivered" in story()[2]] == [True] * 3


def test_what_nobody_could_read_is_accepted_once_when_it_can_be_read(made: Product, target: Target) -> None:
    """Entries as they were before an update: of a gateway that knew less, and of a flow that knew less."""
    target.recover()
    made.gateway()
    made.flow()
    kafka = made.config().kafka
    names, now_ms = topics(kafka), time.time_ns() // 1_000_000
    envelope = ENVELOPE._replace(accepted_ms=now_ms - 60_000)
    ((partition, record),) = split(
        envelope._replace(id="f" * 32), read(webhook(range(1), prefix="flow")).submissions, 8
    )
    put(kafka, names.quarantine, from_gateway(envelope, None, "of old", webhook(range(3), prefix="gate")))
    put(kafka, names.quarantine, from_flow((names.webhooks, partition, 10**6), envelope.accepted_ms, "of old", record))
    put(kafka, names.quarantine, from_gateway(envelope, None, "not JSON", b"{"))
    code, rows = retried(made, "quarantine", "--since", "1h")
    assert (code, sorted(results(rows))) == (1, ["retried", "retried", "unreadable"])
    wait_for(lambda: len(target.told) == 4, "4 notifications")
    code, rows = retried(made, "quarantine", "--since", "1h", "--reason", "of old")
    assert (code, results(rows)) == (0, ["already retried"] * 2)
    wait_for(lambda: states(made) == {"delivered": 4}, "the ledger counts them where they were accepted")
    found = [stored for number in range(8) for stored in scan(kafka, names.webhooks, [number])]
    ids = [arrival.id for stored in found for arrival in decode(stored.value, stored.accepted_ms)]
    assert sorted(ids) == [*(f"{envelope.id}-{number}" for number in range(3)), f"{'f' * 32}-0"]
    assert {stored.accepted_ms for stored in found} == {envelope.accepted_ms}


def put(kafka: Kafka, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(topic, value)
    assert producer.flush(20) == 0
