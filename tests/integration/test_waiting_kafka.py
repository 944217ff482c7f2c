"""Senders that wait, on a real Kafka: several processes, a topic that is not there yet, a flow that restarts."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

from connectors.inbox import Inbox
from tests.integration.test_flow_process import recovery
from tests.integration.test_waiting import WAITING, metric, one, post, posting
from tests.support.gateway import webhook
from tests.support.product import Product, end, free_port, wait_for

if TYPE_CHECKING:
    from pathlib import Path


def hook(name: str, url: str) -> dict[str, object]:
    return {"name": name, "kind": "webhook", "url": f"{url}/{name}", "allow_private": True}


def test_each_of_several_workers_hears_of_its_own_also_where_the_topic_was_not_there(
    kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> None:
    """An installation of before: its topics are there, the one for replies is not."""
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    before = {"webhooks": 8, "decisions": 8, "quarantine": 1, "dead-letters": 1}
    made = admin.create_topics([NewTopic(f"{topic_prefix}.{word}", count, 1) for word, count in before.items()])
    for future in made.values():
        future.result(20)
    product = Product(kafka_bootstrap, topic_prefix, tmp_path, gateway={"workers": 2})
    try:
        product.gateway()
        product.flow()
        with ThreadPoolExecutor(8) as pool:
            responses = list(pool.map(lambda _: post(product.url, webhook(one("x")), "?wait=20"), range(40)))
    finally:
        product.close()
    assert [response.status_code for response in responses] == [200] * 40
    results = [response.json()["alert_results"][0] for response in responses]
    assert {result["publishing_results"][0]["status_code"] for result in results} == {200}
    resource = ConfigResource(ResourceType.TOPIC, f"{topic_prefix}.replies")
    (settings,) = admin.describe_configs([resource]).values()
    assert settings.result(20)["retention.ms"].value == "600000"


def test_delivery_that_survives_a_kill_of_the_flow_still_answers_whoever_waits(
    kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> None:
    listen = f"127.0.0.1:{free_port()}"
    targets = [hook("absent", f"http://{listen}")]
    product = Product(kafka_bootstrap, topic_prefix, tmp_path, targets=targets, publish={"backoff": "200ms"})
    try:
        product.gateway()
        arguments = recovery(product)
        flow = product.flow(*arguments)
        with posting(product.url, webhook(one("x")), "?wait=30") as waits:
            wait_for(lambda: metric(product.url, WAITING) == 1, "one waits", 10)
            wait_for(lambda: _committed(kafka_bootstrap, topic_prefix), "what was read is saved", 20)
            os.killpg(flow.pid, signal.SIGKILL)
            end(flow)
            with Inbox(listen, lambda _, __: None):
                product.flow(*arguments)
                response = waits.result(60)
    finally:
        product.close()
    assert response.status_code == 200, response.text
    (result,) = response.json()["alert_results"]
    assert result["status"] == "success"
    (target,) = result["publishing_results"]
    assert (target["status_code"], target["success"]) == (200, True)
    assert target["retry_count"] >= 1


def _committed(bootstrap: str, prefix: str) -> bool:
    """Whether the flow's group has gone past the one record there is: it commits only what a snapshot holds."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "winnow", "log_level": 0})
    try:
        places = consumer.committed([TopicPartition(f"{prefix}.webhooks", number) for number in range(8)], timeout=10)
    finally:
        consumer.close()
    return any(place.offset > 0 for place in places)
