from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.config import Kafka, Target
from connectors.kafka import topics
from connectors.publish import ANSWER_MAX_BYTES, Publisher, retry_after_ms
from connectors.request import Judgement
from connectors.targets import kinds
from tests.support.answers import http, target
from tests.support.build import delivery

if TYPE_CHECKING:
    from connectors.request import Sent

SECRET_PATH = "/services/T000/B000/canary-secret"


def hook(url: str, **changes: object) -> Target:
    settings = {"name": "hook", "kind": "webhook", "url": url + SECRET_PATH, "allow_private": True, **changes}
    return kinds()["webhook"].Config.model_validate(settings)


async def send(to: Target) -> Sent:
    publisher = Publisher([to], Kafka())
    try:
        return await publisher.send(delivery(target=to.name))
    finally:
        await publisher.close()


async def told(answer: bytes | None, **changes: object) -> tuple[Sent, list[bytes]]:
    async with target([answer]) as (url, heads):
        return await send(hook(url, **changes)), heads


@pytest.mark.parametrize(
    ("status", "judgement"),
    [
        (200, Judgement.DELIVERED),
        (204, Judgement.DELIVERED),
        (301, Judgement.REFUSED),
        (400, Judgement.REFUSED),
        (404, Judgement.REFUSED),
        (408, Judgement.RETRY),
        (429, Judgement.RETRY),
        (500, Judgement.RETRY),
        (503, Judgement.RETRY),
    ],
)
def test_every_status_is_judged(status: int, judgement: Judgement) -> None:
    sent, _ = asyncio.run(told(http(status)))
    assert (sent.judgement, sent.status) == (judgement, status)


def test_a_redirect_is_not_followed() -> None:
    async def go() -> tuple[Sent, list[bytes]]:
        async with target([http(200)]) as (elsewhere, visits):
            sent, _ = await told(http(302, f"location: {elsewhere}/\r\n"))
            return sent, visits

    sent, visits = asyncio.run(go())
    assert sent.judgement is Judgement.REFUSED
    assert visits == []


def test_retry_after_in_seconds_is_kept() -> None:
    sent, _ = asyncio.run(told(http(429, "retry-after: 7\r\n")))
    assert sent.retry_after_ms == 7000


def test_a_target_that_hangs_is_left_at_its_timeout() -> None:
    sent, _ = asyncio.run(told(None, timeout=timedelta(milliseconds=200)))
    assert (sent.judgement, sent.status, sent.error) == (Judgement.RETRY, None, "no answer within 0.2 s")


def test_a_target_that_hangs_up_is_tried_again() -> None:
    sent, _ = asyncio.run(told(b""))
    assert sent.judgement is Judgement.RETRY


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
)
def test_a_success_whose_body_stalls_or_breaks_is_no_reason_to_send_again(answer: bytes) -> None:
    sent, heads = asyncio.run(told(answer, timeout=timedelta(milliseconds=300)))
    assert (sent.judgement, sent.status, len(heads)) == (Judgement.DELIVERED, 200, 1)


def test_a_refusal_whose_body_stalls_is_a_refusal() -> None:
    answer = b"HTTP/1.1 503 Busy\r\ncontent-length: 10\r\nretry-after: 3\r\n\r\n"
    sent, _ = asyncio.run(told(answer, timeout=timedelta(milliseconds=300)))
    assert (sent.judgement, sent.status, sent.retry_after_ms) == (Judgement.RETRY, 503, 3000)


def test_a_target_that_was_disabled_meanwhile_is_not_told() -> None:
    sent, heads = asyncio.run(told(http(200), enabled=False))
    assert (sent.judgement, sent.error) == (Judgement.REFUSED, "hook: the target is not enabled in winnow.yaml")
    assert heads == []


def test_nobody_listening_is_tried_again_and_said_without_the_url() -> None:
    async def go() -> Sent:
        async with target([http(200)]) as (url, _):
            pass
        return await send(hook(url))

    sent = asyncio.run(go())
    assert sent.judgement is Judgement.RETRY
    assert "canary-secret" not in sent.error
    assert "127.0.0.1" not in sent.error


def test_an_endless_answer_is_read_only_to_its_limit() -> None:
    sent, _ = asyncio.run(told(http(500, body="x" * (4 * ANSWER_MAX_BYTES))))
    assert (sent.judgement, sent.status) == (Judgement.RETRY, 500)


def test_a_private_address_is_refused_unless_allowed() -> None:
    sent, heads = asyncio.run(told(http(200), allow_private=False))
    assert "allow_private: true" in sent.error
    assert heads == []


def test_a_name_that_resolves_to_a_private_address_is_refused() -> None:
    async def go() -> tuple[Sent, list[bytes]]:
        async with target([http(200)]) as (url, heads):
            return await send(hook(url.replace("127.0.0.1", "localhost"), allow_private=False)), heads

    sent, heads = asyncio.run(go())
    assert "allow_private: true" in sent.error
    assert heads == []


def test_a_target_that_is_gone_from_the_configuration_is_refused() -> None:
    async def go() -> Sent:
        publisher = Publisher([], Kafka())
        return await publisher.send(delivery(target="gone"))

    assert asyncio.run(go()).judgement is Judgement.REFUSED


def test_a_kafka_target_is_delivered_when_the_broker_has_it(kafka_bootstrap: str, topic_prefix: str) -> None:
    kafka = Kafka(bootstrap=kafka_bootstrap, topic_prefix=topic_prefix, partitions=1)
    topics.ensure(kafka)
    settings = {"name": "lake", "kind": "kafka", "topic": topics.topics(kafka).quarantine}
    lake = kinds()["kafka"].Config.model_validate(settings)

    async def go() -> Sent:
        publisher = Publisher([lake], kafka)
        try:
            return await publisher.send(delivery(target="lake"))
        finally:
            await publisher.close()

    assert asyncio.run(go()).judgement is Judgement.DELIVERED


@pytest.mark.parametrize(
    ("text", "asked_ms"),
    [
        ("7", 7000),
        ("0", 0),
        ("", 0),
        ("soon", 0),
        ("-1", 0),
        ("9" * 40, 86_400_000),
        ("Tue, 24 Nov 2026 03:06:07 GMT", 60_000),
        ("Tue, 24 Nov 2026 03:05:07 GMT", 0),
        ("Tue, 24 Nov 2020 03:05:07 GMT", 0),
        ("Tue, 24 Nov 2099 03:05:07 GMT", 86_400_000),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, asked_ms: int) -> None:
    now = datetime(2026, 11, 24, 3, 5, 7, tzinfo=UTC)
    assert retry_after_ms({"retry-after": text}, now) == asked_ms
