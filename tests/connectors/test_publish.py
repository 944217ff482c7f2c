from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.config import Kafka, Target
from connectors.exchange import retry_after_ms
from connectors.kafka import topics
from connectors.poster import ANSWER_MAX_BYTES
from connectors.publish import Publisher
from connectors.request import Judgement
from connectors.targets import kinds
from tests.support.answers import http, target
from tests.support.build import delivery

if TYPE_CHECKING:
    from connectors.request import Sent

SECRET_PATH = "/services/T000/B000/canary-secret"


def hook(url: str, kind: str = "webhook", **changes: object) -> Target:
    settings = {"name": "hook", "url": url + SECRET_PATH, "allow_private": True, **changes}
    return kinds()[kind].Config.model_validate(settings)


async def send(to: Target) -> Sent:
    publisher = Publisher([to], Kafka())
    try:
        return await publisher.send([delivery(target=to.name)])
    finally:
        await publisher.close()


async def told(answer: bytes | None, **changes: object) -> tuple[Sent, list[bytes]]:
    async with target([answer]) as (url, heads):
        return await send(hook(url, "webhook", **changes)), heads


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


def test_several_for_an_alertmanager_are_one_request() -> None:
    async def go() -> tuple[Sent, list[bytes]]:
        async with target([http(200)]) as (url, heads):
            publisher = Publisher([hook(url, "alertmanager")], Kafka())
            sent = await publisher.send([delivery(id=id_ * 32, target="hook") for id_ in "ab"])
            await publisher.close()
            return sent, heads

    sent, (head,) = asyncio.run(go())
    assert sent.judgement is Judgement.DELIVERED
    assert f"webhook-id: {'a' * 32}, {'b' * 32}".encode() in head.lower()


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


def _breaking(status: int, body: str, announced: int = 1000) -> bytes:
    """An answer whose body is shorter than it says."""
    return f"HTTP/1.1 {status} Told\r\ncontent-length: {announced}\r\n\r\n{body}".encode()


async def _stalling(answer: bytes, *, then_closes: bool, kind: str = "webhook", **changes: object) -> tuple[Sent, int]:
    """What a target that sends no more than this is taken for, and how often it was asked."""
    visits, closed = 0, asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        await reader.readuntil(b"\r\n\r\n")
        visits += 1
        writer.write(answer)
        await writer.drain()
        with contextlib.suppress(ConnectionError):
            if not then_closes:
                await reader.read()
            writer.close()
            await writer.wait_closed()
        closed.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        sent = await send(hook(url, kind, **changes))
        await closed.wait()
    return sent, visits


@pytest.mark.parametrize("then_closes", [False, True])
@pytest.mark.parametrize("status", [200, 202, 403, 503])
def test_a_body_that_stalls_or_breaks_is_judged_by_its_status_within_the_timeout(
    status: int, *, then_closes: bool
) -> None:
    whole, _ = asyncio.run(told(http(status)))
    began = time.monotonic()
    answer = _breaking(status, "o")
    sent, visits = asyncio.run(_stalling(answer, then_closes=then_closes, timeout=timedelta(seconds=1)))
    assert (sent, visits) == (whole, 1)
    assert time.monotonic() - began < 30


def test_slack_that_took_a_message_and_broke_off_is_not_told_again() -> None:
    sent, _ = asyncio.run(_stalling(_breaking(200, "o"), then_closes=True, kind="slack"))
    assert (sent.judgement, sent.status) == (Judgement.DELIVERED, 200)


def test_a_body_that_is_no_gzip_although_it_says_so_is_judged_by_its_status() -> None:
    sent, _ = asyncio.run(told(http(200, "content-encoding: gzip\r\n", "no gzip")))
    assert (sent.judgement, sent.status) == (Judgement.DELIVERED, 200)


def test_headers_that_stall_are_no_answer() -> None:
    answer = b"HTTP/1.1 200 Told\r\ncontent-le"
    sent, _ = asyncio.run(_stalling(answer, then_closes=False, timeout=timedelta(milliseconds=200)))
    assert (sent.judgement, sent.status, sent.error) == (Judgement.RETRY, None, "no answer within 0.2 s")


def test_a_private_address_is_refused_for_good_unless_allowed() -> None:
    sent, heads = asyncio.run(told(http(200), allow_private=False))
    assert (sent.judgement, sent.status) == (Judgement.REFUSED, None)
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
        return await publisher.send([delivery(target="gone")])

    assert asyncio.run(go()).judgement is Judgement.REFUSED


def test_a_kafka_target_is_delivered_when_the_broker_has_it(kafka_bootstrap: str, topic_prefix: str) -> None:
    kafka = Kafka(bootstrap=kafka_bootstrap, topic_prefix=topic_prefix, partitions=1)
    topics.ensure(kafka)
    settings = {"name": "lake", "kind": "kafka", "topic": topics.topics(kafka).quarantine}
    lake = kinds()["kafka"].Config.model_validate(settings)

    async def go() -> Sent:
        publisher = Publisher([lake], kafka)
        try:
            return await publisher.send([delivery(target="lake")])
        finally:
            await publisher.close()

    assert asyncio.run(go()).judgement is Judgement.DELIVERED


def test_each_kafka_target_has_its_own_timeout(topic_prefix: str) -> None:
    """Nobody listens there: each gives up at its own time, whichever was told first."""
    kafka = Kafka(bootstrap="127.0.0.1:1", topic_prefix=topic_prefix, partitions=1)
    waits = {"slow": timedelta(hours=1), "quick": timedelta(milliseconds=200)}
    lakes = [
        kinds()["kafka"].Config.model_validate({"name": name, "topic": "t", "timeout": wait})
        for name, wait in waits.items()
    ]

    async def go() -> Sent:
        publisher = Publisher(lakes, kafka)
        try:
            slow = asyncio.create_task(publisher.send([delivery(target="slow")]))
            sent = await publisher.send([delivery(target="quick")])
            assert not slow.done()
            slow.cancel()
        finally:
            await publisher.close()
        return sent

    assert asyncio.run(go()).judgement is Judgement.RETRY


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
