"""Python looks for garbage seldom here: an error that holds itself would hold its request's body for a long time."""

from __future__ import annotations

import asyncio
import gc
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.config import Config, Kafka
from alerts.errors import WinnowError
from alerts.formats import formats
from http_gateway.answers import RefusedError
from http_gateway.apart import LARGE_BYTES, Apart
from http_gateway.intake import Intake
from http_gateway.writer import Writer
from tests.support.product import free_port

if TYPE_CHECKING:
    from connectors.kafka.embedded import EmbeddedBroker

GOOD = b'{"labels":{"alertname":"HighCPU"},"startsAt":"2025-11-24T15:59:00Z"}'


def _nowhere() -> Kafka:
    return Kafka(bootstrap=f"127.0.0.1:{free_port()}")


async def _status(intake: Intake, body: bytes) -> int:
    try:
        return (await intake.take(body, None, "0" * 32, "default", {})).status
    except RefusedError as error:
        return error.status


def _errors() -> list[object]:
    return [one for one in gc.get_objects() if isinstance(one, ValueError | WinnowError | RefusedError)]


async def _left(kafka: Kafka, body: bytes, status: int) -> list[object]:
    """The errors that came up and are still there when the request is answered."""
    writer = Writer(kafka, timedelta(seconds=5 if status == 400 else 0.1))
    apart = Apart()
    intake = Intake("prometheus", formats()["prometheus"], writer, Config(kafka=kafka), apart)
    gc.collect()
    gc.disable()
    before = _errors()
    try:
        assert await _status(intake, body) == status
        await apart.run(int)  # what handed the answer over, in the thread and on the loop, has let it go then
        return [one for one in _errors() if not any(one is old for old in before)]
    finally:
        gc.enable()
        writer.close()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" + GOOD, id="no-json"),
        pytest.param(b"[" + GOOD + b" " * LARGE_BYTES, id="no-json-and-large"),
        pytest.param(b"{}", id="no-list"),
        pytest.param(b"[1]", id="no-alert"),
        pytest.param(b"[" + GOOD + b",1]", id="one-of-two-is-no-alert"),
    ],
)
def test_refused_body_leaves_no_error_behind(embedded: tuple[EmbeddedBroker, Kafka], body: bytes) -> None:
    assert asyncio.run(_left(embedded[1], body, 400)) == []


def test_alert_that_kafka_did_not_confirm_leaves_no_error_behind() -> None:
    assert asyncio.run(_left(_nowhere(), b"[" + GOOD + b"]", 503)) == []
