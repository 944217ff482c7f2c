"""Kafka goes away and comes back: nothing is confirmed that is not stored, and nobody has to restart anything."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import KafkaError

from tests.support.gateway import alert, broker, starting, webhook
from tests.support.product import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.kafka.embedded import EmbeddedBroker
    from tests.support.gateway import Gateway

PRODUCE = 0
TIMEOUT_S = 1.0


@pytest.fixture(scope="module")
def settings() -> dict[str, object]:
    return {"produce_timeout": f"{TIMEOUT_S:g}s"}


@pytest.fixture
def kafka(embedded: tuple[EmbeddedBroker, object], running: Gateway) -> EmbeddedBroker:
    """The broker, up and with a gateway that is ready."""
    wait_for(lambda: running.is_ready() and accepts(running), "Kafka takes alerts", 20)
    return embedded[0]


@pytest.fixture
def breakable(kafka: EmbeddedBroker) -> Iterator[EmbeddedBroker]:
    """The broker, which is set up again after the test."""
    yield kafka
    kafka.set_up()
    kafka.set_rtt(0)


def accepts(running: Gateway) -> bool:
    return running.post(webhook(alert())).status_code == 202


def test_no_broker_is_answered_503_in_time_and_with_retry_after(breakable: EmbeddedBroker, running: Gateway) -> None:
    breakable.set_down()
    began = time.monotonic()
    response = running.post(webhook(alert()))
    assert TIMEOUT_S - 0.1 < time.monotonic() - began < TIMEOUT_S + 1
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["error"]["code"] == "SERVICE_UNAVAILABLE"


def test_broker_that_comes_back_takes_alerts_again_and_the_gateway_becomes_ready(
    breakable: EmbeddedBroker, running: Gateway
) -> None:
    breakable.set_down()
    wait_for(lambda: not running.is_ready(), "not ready any more", 10)
    answer = running.client.get("/readyz")
    assert answer.status_code == 503
    assert running.kafka.bootstrap in answer.json()["reason"]
    assert running.client.get("/healthz").status_code == 200
    breakable.set_up()
    wait_for(lambda: accepts(running), "alerts are taken again", 10)
    wait_for(running.is_ready, "ready again", 10)


def test_broker_that_answers_too_late_is_answered_503(breakable: EmbeddedBroker, running: Gateway) -> None:
    breakable.set_rtt(3000)
    assert running.post(webhook(alert())).status_code == 503


@pytest.mark.parametrize(
    "code",
    [KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.UNKNOWN_PRODUCER_ID],
)
def test_error_that_ends_a_producer_does_not_end_the_gateway(
    kafka: EmbeddedBroker, running: Gateway, code: int
) -> None:
    kafka.push_errors(PRODUCE, [code])
    assert running.post(webhook(alert())).status_code in {202, 503}
    wait_for(lambda: accepts(running), "alerts are taken again", 10)


def test_refused_record_is_answered_503_and_nothing_of_it_confirmed(kafka: EmbeddedBroker, running: Gateway) -> None:
    kafka.push_errors(PRODUCE, [KafkaError.INVALID_RECORD] * 8)
    assert running.post(webhook(*(alert(str(number)) for number in range(50)))).status_code == 503


def test_alerts_that_were_confirmed_while_kafka_came_and_went_are_all_there(
    breakable: EmbeddedBroker, running: Gateway
) -> None:
    confirmed = []
    for number in range(6):
        if number % 4 == 2:
            breakable.set_down()
        elif number % 4 == 3:
            breakable.set_up()
        response = running.post(webhook(alert(f"{number}")))
        assert response.status_code in {202, 503}
        if response.status_code == 202:
            confirmed.append(response.json()["ingest_id"])
    assert confirmed
    assert all(running.webhooks(ingest_id) for ingest_id in confirmed)


def test_gateway_that_starts_before_kafka_takes_nothing_until_the_topics_are_there(tmp_path: Path) -> None:
    with broker() as (kafka, settings):
        kafka.set_down()
        with starting(tmp_path, settings, produce_timeout="1s") as early:
            wait_for(early.answers, "the gateway answers", 20)
            response = early.post(webhook(alert()))
            assert response.status_code == 503
            assert response.headers["retry-after"] == "1"
            assert early.client.get("/readyz").status_code == 503
            kafka.set_up()
            early.await_ready()
            wait_for(lambda: accepts(early), "alerts are taken", 10)
            assert "Traceback" not in early.log()
