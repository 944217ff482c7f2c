"""The ledger of a real Kafka: what was accepted has an end, and what has none is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from connectors.inbox import Inbox
from tests.integration.test_main_job import webhook
from tests.support.product import Product, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILTER = [{"name": "no_tests", "when": 'instance=~"test-.*"', "action": "deny"}]


@pytest.fixture
def made(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> Iterator[Product]:
    """One with a target that refuses what comes of `broken` alerts and one that takes the rest; nothing runs yet."""
    with (
        Inbox("127.0.0.1:0", lambda _, __: None) as works,
        Inbox("127.0.0.1:0", lambda _, __: None, status=400) as broken,
    ):
        targets = [
            {"name": name, "kind": "webhook", "url": f"{inbox.url}/x", "allow_private": True}
            for name, inbox in (("works", works), ("broken", broken))
        ]
        routes = [{"match": 'instance=~"broken-.*"', "to": ["broken", "works"]}, {"to": ["works"]}]
        product = Product(kafka_bootstrap, topic_prefix, tmp_path, targets=targets, routes=routes, filter=FILTER)
        try:
            yield product
        finally:
            product.close()


def ledger(made: Product, *arguments: str) -> tuple[int, dict[str, Any]]:
    result = made.cli("ledger", "-o", "json", *arguments)
    assert result.returncode in {0, 1}, result.stderr
    return result.returncode, json.loads(result.stdout)


def test_ledger_adds_up_to_what_was_accepted(made: Product) -> None:
    made.gateway()
    made.flow()
    accepted = 0
    partly = orjson.loads(webhook(range(2), prefix="partly"))
    del partly["alerts"][1]["labels"]
    for body in (
        *[webhook(range(20), prefix="good")] * 3, webhook(range(5), prefix="test"), webhook(range(4), prefix="broken"),
        orjson.dumps(partly), b"{",
    ):  # fmt: skip
        answer = made.post(body).json()
        accepted += answer.get("alerts_summary", {}).get("total_accepted", 0)
    assert accepted == 70
    wait_for(lambda: ledger(made)[1]["pending"] == 0, "every alert has ended")
    code, told = ledger(made, "--deadline", "0s")
    assert (code, told["accepted"], told["unaccounted"], told["refused_by_gateway"]) == (0, accepted, 0, 2)
    assert told["states"] == {"duplicate": 40, "delivered": 21, "denied": 5, "dead-lettered": 4}
    assert told["rules"] == {"denied": {"no_tests": 5}}
    listed = json.loads(made.cli("dead-letters", "ls", "--target", "broken", "-o", "json").stdout)
    assert len(listed) == 4
    assert "answered 400" in made.cli("dead-letters", "show", listed[0]["id"]).stdout


def test_alert_that_no_flow_has_read_is_named_and_the_exit_is_1(made: Product) -> None:
    made.gateway()
    id_ = made.post(webhook(range(1))).json()["ingest_id"] + "-0"
    code, told = ledger(made)
    assert (code, told["accepted"], told["pending"]) == (0, 1, 1)
    code, told = ledger(made, "--deadline", "0s")
    assert (code, told["unaccounted"]) == (1, 1)
    assert [(one["id"], one["lacks"]) for one in told["oldest_unaccounted"]] == [(id_, "no decision")]
    people = made.cli("ledger", "--deadline", "0s")
    assert (people.returncode, id_ in people.stdout, people.stderr) == (1, True, "")
