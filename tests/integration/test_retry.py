"""Dead letters and quarantined records come back, on a real Kafka: each once, under its own id."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from connectors.inbox import Inbox
from connectors.kafka.scan import scan
from connectors.kafka.topics import topics
from tests.integration.test_main_job import webhook
from tests.support.product import Product, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
    made.post(webhook(range(1), prefix="last"))
    wait_for(lambda: target.states()[-1][0] == "last-0", "a newer alert")
    assert len(target.told) == 21
