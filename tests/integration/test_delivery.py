"""Targets that are slow or broken, on a real Kafka."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import orjson

from connectors.inbox import Inbox
from connectors.kafka.scan import scan
from connectors.kafka.topics import topics
from tests.integration.test_main_job import webhook
from tests.support.product import Product, product, wait_for

if TYPE_CHECKING:
    from connectors.arrival import Arrival


def hook(name: str, inbox: Inbox) -> dict[str, object]:
    return {"name": name, "kind": "webhook", "url": f"{inbox.url}/{name}", "allow_private": True}


def letters(running: Product) -> list[dict[str, object]]:
    kafka = running.config().kafka
    return [orjson.loads(stored.value) for stored in scan(kafka, topics(kafka).dead_letters, [0])]


def test_a_target_that_hangs_delays_no_other(kafka_bootstrap: str, topic_prefix: str) -> None:
    told: list[Arrival] = []
    with (
        Inbox("127.0.0.1:0", lambda _, __: None, delay=timedelta(minutes=5)) as tardy,
        Inbox("127.0.0.1:0", lambda arrival, _: told.append(arrival)) as prompt,
        product(kafka_bootstrap, topic_prefix, targets=[hook("tardy", tardy), hook("prompt", prompt)]) as running,
    ):
        running.post(webhook(range(100)))
        wait_for(lambda: len(told) == 100, "the prompt target is told of all")


def test_what_a_target_does_not_take_until_the_deadline_is_a_dead_letter_with_all_to_send_it_again(
    kafka_bootstrap: str, topic_prefix: str
) -> None:
    tries: list[Arrival] = []
    with (
        Inbox("127.0.0.1:0", lambda arrival, _: tries.append(arrival), status=503) as broken,
        product(
            kafka_bootstrap,
            topic_prefix,
            targets=[hook("broken", broken)],
            publish={"deadline": {"critical": "3s", "others": "3s"}, "backoff": "100ms"},
        ) as running,
    ):
        running.post(webhook(range(1)))
        wait_for(lambda: bool(letters(running)), "the dead letter")
        (letter,) = letters(running)
    assert len(tries) > 1
    assert [one.headers["webhook-id"] for one in tries] == [letter["delivery"]["id"]] * len(tries)  # type: ignore[index]
    assert (letter["outcome"], letter["status_code"], letter["tries"]) == ("dead-lettered", 503, len(tries))
    assert letter["delivery"]["alert"]["labels"]["instance"] == "many-0"  # type: ignore[index]
