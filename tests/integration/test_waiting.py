"""Senders that wait for the whole answer: gateways and flow as processes, spoken to over real HTTP."""

from __future__ import annotations

import os
import signal
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alerts.config import Kafka
from connectors.inbox import Inbox
from connectors.kafka.embedded import CLIENT_SETTINGS, EmbeddedBroker
from connectors.kafka.topics import partitions
from tests.support.gateway import Gateway, alert, gateway, webhook
from tests.support.product import Product, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFER = {"prefer": "wait=20"}
WAITING = "winnow_http_requests_waiting"


@pytest.fixture(scope="module")
def broker() -> Iterator[tuple[EmbeddedBroker, Kafka]]:
    wanted = Kafka(partitions=8, client=CLIENT_SETTINGS)
    with EmbeddedBroker(partitions(wanted)) as started:
        yield started, wanted.model_copy(update={"bootstrap": started.bootstrap})


@pytest.fixture(scope="module")
def targets() -> Iterator[dict[str, Inbox]]:
    """One that takes everything, one that refuses, one that hangs."""
    with (
        Inbox("127.0.0.1:0", lambda _, __: None) as prompt,
        Inbox("127.0.0.1:0", lambda _, __: None, status=403) as strict,
        Inbox("127.0.0.1:0", lambda _, __: None, delay=timedelta(minutes=5)) as tardy,
    ):
        yield {"prompt": prompt, "strict": strict, "tardy": tardy}


@pytest.fixture(scope="module")
def running(
    broker: tuple[EmbeddedBroker, Kafka], targets: dict[str, Inbox], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    made = product(broker[1], targets, tmp_path_factory.mktemp("product"))
    try:
        made.gateway()
        made.flow()
        yield made
    finally:
        made.close()


def product(kafka: Kafka, targets: dict[str, Inbox], folder: Path) -> Product:
    """Gateway and flow; which targets an alert goes to is written into its label `to`."""
    sections: dict[str, Any] = {
        "kafka": {"topic_prefix": kafka.topic_prefix, "partitions": 8, "client": CLIENT_SETTINGS},
        "filter": [{"name": "quiet", "when": 'to="filter"', "critical": True}],
        "routes": [
            {"match": 'to="both"', "to": ["prompt", "strict"]},
            *({"match": f'to="{name}"', "to": [name]} for name in targets),
        ],
        "targets": [
            {"name": name, "kind": "webhook", "url": f"{inbox.url}/{name}", "allow_private": True}
            for name, inbox in targets.items()
        ],
    }
    return Product(kafka.bootstrap, kafka.topic_prefix, folder, **sections)


def one(to: str, **labels: str) -> dict[str, object]:
    """An alert that nobody has told before."""
    return alert(labels={"alertname": "DiskFull", "to": to, "instance": uuid.uuid4().hex, **labels})


def post(url: str, body: bytes, query: str = "", **headers: str) -> httpx.Response:
    given = {"content-type": "application/json", **headers}
    return httpx.post(f"{url}/webhook/proxy{query}", content=body, headers=given, timeout=60, trust_env=False)


@contextmanager
def posting(url: str, body: bytes, query: str = "?wait=20") -> Iterator[Any]:
    """A request under way, as a future of its response."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(post, url, body, query)


def metric(url: str, name: str) -> float:
    lines = httpx.get(f"{url}/metrics", trust_env=False).text.splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")), 0.0)


def test_sender_that_waits_is_told_what_became_of_each_alert(running: Product) -> None:
    began = time.monotonic()
    response = post(running.url, webhook(one("prompt"), one("filter")), **PREFER)
    took_ms = (time.monotonic() - began) * 1000
    assert response.status_code == 200, response.text
    assert response.headers["preference-applied"] == "wait=20"
    content = response.json()
    told, filtered = content["alert_results"]
    assert (told["status"], filtered["status"]) == ("success", "filtered")
    assert filtered["filter_reason"] == "filter: deny (quiet)"
    (target,) = told["publishing_results"]
    assert (target["target_name"], target["status_code"], target["success"]) == ("prompt", 200, True)
    assert 0 < target["processing_time_ms"] < content["processing_time_ms"] < took_ms
    assert 0 < told["classification_time_ms"] < content["processing_time_ms"]
    assert told["classification"]["source"] == "rules"
    assert told["classification"]["recommendations"]


def test_repeat_is_told_that_dedup_ended_it(running: Product) -> None:
    body = webhook(one("prompt"))
    assert post(running.url, body, "?wait=20").json()["alert_results"][0]["status"] == "success"
    response = post(running.url, body, "?wait=20")
    assert response.status_code == 200
    (result,) = response.json()["alert_results"]
    assert (result["status"], result["filter_reason"]) == ("filtered", "dedup: duplicate (window)")


@pytest.mark.parametrize(
    ("to", "http", "overall", "status"), [("both", 207, "partial", "partial"), ("strict", 500, "failed", "failed")]
)
def test_target_that_refuses_is_no_success(running: Product, to: str, http: int, overall: str, status: str) -> None:
    response = post(running.url, webhook(one(to)), **PREFER)
    assert (response.status_code, response.json()["status"]) == (http, overall)
    (result,) = response.json()["alert_results"]
    assert result["status"] == status
    refused = result["publishing_results"][-1]
    assert (refused["target_name"], refused["success"], refused["status_code"]) == ("strict", False, 403)
    assert (refused["error_code"], refused["error_message"]) == ("DEAD_LETTERED", "answered 403")


def test_alert_that_is_not_valid_has_failed_beside_one_that_was_told(running: Product) -> None:
    response = post(
        running.url, webhook({"status": "firing", "labels": {"alertname": "Broken"}}, one("prompt")), **PREFER
    )
    assert response.status_code == 207
    broken, told = response.json()["alert_results"]
    assert (broken["status"], broken["alert_name"], told["status"]) == ("failed", "Broken", "success")
    assert "startsAt" in broken["error_message"]


def test_body_without_a_valid_alert_is_400_as_ever(running: Product) -> None:
    assert post(running.url, webhook({"status": "firing"}), **PREFER).status_code == 400
    assert metric(running.url, WAITING) == 0


def test_target_that_hangs_ends_in_202_with_what_is_known(running: Product) -> None:
    began = time.monotonic()
    response = post(running.url, webhook(one("tardy"), one("prompt")), "?wait=2")
    assert 2 <= time.monotonic() - began < 4
    assert (response.status_code, response.json()["status"]) == (202, "accepted")
    hanging, told = response.json()["alert_results"]
    assert (hanging["status"], told["status"]) == ("pending", "success")
    assert hanging["classification"]["severity"] == "critical"
    (target,) = hanging["publishing_results"]
    assert (target["success"], target["error_code"], target["status_code"]) == (False, "PENDING", None)


def test_query_that_cannot_be_used_is_refused_and_nothing_is_stored(running: Product) -> None:
    response = post(running.url, webhook(one("prompt")), "?wait=soon")
    assert response.status_code == 400
    assert response.json()["error"]["details"][0]["field"] == "wait"


def test_header_that_cannot_be_used_is_ignored(running: Product) -> None:
    response = post(running.url, webhook(one("prompt")), prefer="wait=soon")
    assert (response.status_code, response.json()["status"]) == (202, "accepted")
    assert "preference-applied" not in response.headers


def test_sender_that_goes_away_frees_its_place(running: Product) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{running.url}/webhook/proxy?wait=20", content=webhook(one("tardy")), timeout=1.0, trust_env=False)
    wait_for(lambda: metric(running.url, WAITING) == 0, "nobody waits", 10)
    assert metric(running.url, 'winnow_http_waited_total{outcome="gone"}') >= 1


def test_two_gateways_at_once_each_hear_of_their_own(
    running: Product, broker: tuple[EmbeddedBroker, Kafka], tmp_path: Path
) -> None:
    with gateway(tmp_path, broker[1]) as other, ThreadPoolExecutor(8) as pool:
        urls = [running.url, other.url] * 8
        bodies = [webhook(one("prompt", number=str(number))) for number in range(len(urls))]
        responses = list(pool.map(lambda url, body: post(url, body, "?wait=20"), urls, bodies))
    assert [response.status_code for response in responses] == [200] * len(urls)
    assert all(response.json()["alert_results"][0]["status"] == "success" for response in responses)


def test_one_more_than_may_wait_is_answered_at_once(
    running: Product, broker: tuple[EmbeddedBroker, Kafka], tmp_path: Path
) -> None:
    with (
        gateway(tmp_path, broker[1], max_waiting=1) as narrow,
        posting(narrow.url, webhook(one("tardy")), "?wait=4") as waits,
    ):
        wait_for(lambda: metric(narrow.url, WAITING) == 1, "one waits", 10)
        response = post(narrow.url, webhook(one("prompt")), "?wait=20")
        assert response.status_code == 202
        assert "preference-applied" not in response.headers
        assert "alert_results" not in response.json()
        assert not waits.done()


def test_longer_than_the_gateway_allows_is_as_long_as_it_allows(
    running: Product, broker: tuple[EmbeddedBroker, Kafka], tmp_path: Path
) -> None:
    with gateway(tmp_path, broker[1], wait_max="1s") as hasty:
        response = post(hasty.url, webhook(one("tardy")), **PREFER)
    assert response.headers["preference-applied"] == "wait=1"
    assert response.status_code == 202


def test_gateway_that_is_told_to_end_answers_all_that_wait_at_once(
    running: Product, broker: tuple[EmbeddedBroker, Kafka], tmp_path: Path
) -> None:
    with gateway(tmp_path, broker[1]) as ending, posting(ending.url, webhook(one("tardy"))) as waits:
        wait_for(lambda: metric(ending.url, WAITING) == 1, "one waits", 10)
        began = time.monotonic()
        assert ending.terminate() == 0
        assert time.monotonic() - began < 8
        assert waits.result(10).status_code == 202
        assert waits.result(0).json()["alert_results"][0]["status"] == "pending"


def test_flow_that_is_killed_leaves_202_and_the_next_one_answers_again(
    broker: tuple[EmbeddedBroker, Kafka], targets: dict[str, Inbox], tmp_path: Path
) -> None:
    made = product(broker[1], targets, tmp_path)
    try:
        made.gateway()
        flow = made.flow()
        with posting(made.url, webhook(one("tardy"), one("filter")), "?wait=4") as waits:
            wait_for(lambda: metric(made.url, WAITING) == 1, "one waits", 10)
            os.killpg(flow.pid, signal.SIGKILL)
            flow.wait(timeout=20)
            assert waits.result(20).status_code == 202
        made.flow()
        assert post(made.url, webhook(one("prompt")), "?wait=20").status_code == 200
    finally:
        made.close()


def test_without_a_broker_it_is_503_as_ever(broker: tuple[EmbeddedBroker, Kafka], tmp_path: Path) -> None:
    wanted = Kafka(partitions=8, client=CLIENT_SETTINGS)
    with EmbeddedBroker(partitions(wanted)) as own:
        kafka = wanted.model_copy(update={"bootstrap": own.bootstrap})
        with gateway(tmp_path, kafka, produce_timeout="1s") as made:
            own.set_down()
            assert _answer_within(made, 5) == 503
            wait_for(lambda: not made.is_ready(), "not ready any more", 10)
            assert _answer_within(made, 2) == 503


def _answer_within(made: Gateway, seconds: float) -> int:
    began = time.monotonic()
    status = post(made.url, webhook(one("prompt")), "?wait=20").status_code
    assert time.monotonic() - began < seconds
    return status
