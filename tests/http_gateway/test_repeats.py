"""Twins of an Alertmanager, and one that repeats after a 503: whatever lies in Kafka twice arrives once.

How it repeats: after 0.5, 0.7, 1.1 ... seconds, the same body, whatever `Retry-After` says (seen with 0.34.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from tests.support import whole_flow
from tests.support.events import SAMPLES
from tests.support.gateway import PLAIN
from tests.support.product import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.kafka.embedded import EmbeddedBroker
    from tests.support.gateway import Gateway
    from tests.support.whole_flow import Rows

FIRING = SAMPLES / "webhooks/s03_firing_resolved/001.body"
GROUPED = SAMPLES / "webhooks/s02_many_grouped/001.body"
PROMETHEUS = SAMPLES / "formats/prometheus/p09_zero_times/001.body"


@pytest.fixture(scope="module")
def settings() -> dict[str, object]:
    return {"produce_timeout": "1s"}


@pytest.fixture
def slow(embedded: tuple[EmbeddedBroker, object]) -> Iterator[EmbeddedBroker]:
    """A broker that stores at once and may confirm too late."""
    yield embedded[0]
    embedded[0].set_rtt(0)


def named(body: bytes, name: str) -> bytes:
    """The sample with alerts of another name, so that each test has its own."""
    value = orjson.loads(body)
    for alert in value["alerts"] if isinstance(value, dict) else value:
        alert["labels"]["alertname"] = name
        alert.pop("fingerprint", None)
    return orjson.dumps(value)


def decisions(running: Gateway, name: str) -> Rows:
    """What the flow decides about what the gateway has stored of these alerts."""
    records = [stored for stored in running.stored("webhooks") if f'"{name}"'.encode() in stored.value]
    return whole_flow.rows(whole_flow.run(sorted(records, key=lambda one: (one.partition, one.offset))), "decisions")


def arrived(rows: Rows) -> int:
    return sum("transition" in row for row in rows)


@pytest.mark.parametrize("sample", [FIRING, GROUPED], ids=["one", "group"])
def test_two_alertmanagers_that_send_the_same_webhook_are_heard_once(running: Gateway, sample: Path) -> None:
    name = f"Twin{sample.parent.name}"
    body = named(sample.read_bytes(), name)
    count = len(orjson.loads(body)["alerts"])
    assert [running.post(body, PLAIN).status_code for _ in range(2)] == [202, 202]
    rows = decisions(running, name)
    assert (len(rows), arrived(rows)) == (2 * count, count)


@pytest.mark.parametrize(("sample", "path"), [(FIRING, PLAIN), (PROMETHEUS, "/api/v2/alerts")])
def test_repeats_after_a_503_arrive_once_though_all_of_them_were_stored(
    running: Gateway, slow: EmbeddedBroker, sample: Path, path: str
) -> None:
    name = f"Repeated{sample.parent.name}"
    body = named(sample.read_bytes(), name)
    # So that the gateway is connected: else its first question is who leads, and the alerts stay where they are.
    assert running.post(named(sample.read_bytes(), f"Before{name}"), path).status_code in {200, 202}
    slow.set_rtt(1500)
    answers = [running.post(body, path).status_code for _ in range(2)]
    slow.set_rtt(0)
    assert answers == [503, 503]

    def is_taken() -> bool:
        return running.post(body, path).status_code in {200, 202}

    wait_for(is_taken, "Kafka confirms again")
    rows, count = decisions(running, name), body.count(b'"labels"')
    assert len(rows) >= 2 * count
    assert arrived(rows) == count


def test_resolve_after_repeats_arrives_once_too(running: Gateway) -> None:
    bodies = [(SAMPLES / f"webhooks/s03_firing_resolved/00{number}.body").read_bytes() for number in (1, 2, 3)]
    told = [named(body, "Resolved") for body in bodies for _ in range(3)]
    assert {running.post(body, PLAIN).status_code for body in told} == {202}
    statuses = [row["status"] for row in decisions(running, "Resolved") if "transition" in row]
    assert sorted(statuses) == ["firing"] * 3 + ["resolved"] * 3
