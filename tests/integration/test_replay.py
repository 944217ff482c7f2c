"""A replay of what a real flow has decided, killed on the way, on a real Kafka."""

from __future__ import annotations

import json
import os
import signal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from alerts.instant import rfc3339
from connectors.kafka.scan import scan
from connectors.kafka.topics import topics
from flows.decided import lines
from tests.integration.test_flow_process import recovery
from tests.integration.test_main_job import webhook
from tests.support.product import Product, end, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def made(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> Iterator[Product]:
    product = Product(kafka_bootstrap, topic_prefix, tmp_path)
    try:
        yield product
    finally:
        product.close()


def decided(made: Product) -> list[bytes]:
    """The input ids of all decisions, as often as they were written."""
    kafka = made.config().kafka
    records = scan(kafka, topics(kafka).decisions, range(kafka.partitions))
    return [id_ for record in records for id_, _ in lines(record.value)]


def _has(made: Product, count: int) -> bool:
    return len(set(decided(made))) >= count


def replayed(made: Product, *arguments: str) -> tuple[int, dict[str, Any]]:
    result = made.cli("replay", "-o", "json", *arguments)
    assert result.returncode in {0, 1}, result.stderr
    assert result.stderr == ""
    return result.returncode, json.loads(result.stdout)


def send(made: Product, rounds: int, status: str = "firing") -> int:
    """So many times the same two hundred alerts; how many events that is."""
    for _ in range(rounds):
        for first in (0, 100):
            assert made.post(webhook(range(first, first + 100), status)).status_code == 202
    return 200 * rounds


def middle_of(made: Product) -> str:
    """A moment at which half of the webhooks were accepted."""
    kafka = made.config().kafka
    records = scan(kafka, topics(kafka).webhooks, range(kafka.partitions))
    moments = sorted(record.accepted_ms for record in records)
    return rfc3339(moments[len(moments) // 2])


def test_what_was_decided_under_kill_9_is_decided_the_same_once_more(made: Product) -> None:
    made.gateway()
    flow = made.flow(*recovery(made))
    count = 0
    for status in ("firing", "resolved", "firing"):
        count += send(made, 2, status)
        wait_for(partial(_has, made, count - 399), "something of it is decided")
        os.killpg(flow.pid, signal.SIGKILL)
        end(flow)
        count += send(made, 1, status)
        flow = made.flow(*recovery(made))
    wait_for(partial(_has, made, count), "all is decided")
    for since in ("1h", middle_of(made)):
        code, told = replayed(made, "--since", since, "--fail-on-diff")
        assert (code, told["different"], told["not_recorded"], told["not_kept"]) == (0, 0, 0, 0)
        assert told["totals"] == told["totals_before"]
        assert told["compared"] == (count if since == "1h" else told["totals"]["events"])
        assert told["compared"] > 0


def test_one_rule_changed_differs_in_the_alerts_it_decides(made: Product) -> None:
    made.gateway()
    made.flow()
    send(made, 2)
    wait_for(lambda: len(decided(made)) == 400, "all is decided")
    settings = yaml.safe_load((made.folder / "winnow.yaml").read_text())
    rule = {"name": "tens", "when": 'instance=~"many-.*0"', "action": "deny"}
    candidate = made.folder / "candidate.yaml"
    # What it says of Kafka does not count: it may come from another machine.
    kafka = {"bootstrap": "127.0.0.1:1", "topic_prefix": "elsewhere"}
    candidate.write_text(yaml.safe_dump({**settings, "filter": [rule], "kafka": kafka}))
    code, told = replayed(made, "--since", "1h", "--config", str(candidate), "--fail-on-diff")
    assert (code, told["kinds"], told["different"]) == (1, {"no longer sent": 20}, 20)
    assert told["totals"]["suppressed"] == {"dedup": {"duplicate": 200}, "filter": {"tens": 20}}
    assert (told["totals_before"]["notifications"], told["totals"]["notifications"]) == (
        {"team-hook": 200},
        {"team-hook": 180},
    )
    assert len(made.arrived) == 200
