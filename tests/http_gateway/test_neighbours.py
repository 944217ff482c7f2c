"""One sender must not make others wait: large bodies, and senders that never finish."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from http_gateway.answers import RefusedError
from http_gateway.apart import Apart
from tests.support.gateway import PLAIN, PROXY, Gateway, alert, webhook

if TYPE_CHECKING:
    import httpx

SMALL = webhook(alert())


def test_small_bodies_are_answered_while_a_large_one_is_read(running: Gateway) -> None:
    large = webhook(*(alert(f"i{number}") for number in range(40_000)))
    assert len(large) > 5 * 1024**2
    answers: list[httpx.Response] = []
    sender = threading.Thread(target=lambda: answers.append(running.post(large, PLAIN)))
    sender.start()
    meanwhile = 0
    while not answers:
        assert running.post(SMALL).status_code == 202
        meanwhile += not answers
    sender.join()
    assert answers[0].status_code == 202
    assert answers[0].json()["alerts_summary"]["total_accepted"] == 40_000
    assert meanwhile >= 5


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        f"POST {PROXY} HTTP/1.1\r\nhost: x\r\nx-slow: ".encode(),
        f"POST {PROXY} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{{".encode(),
    ],
    ids=["nothing", "half headers", "half a body"],
)
def test_five_hundred_half_open_senders_keep_nobody_out(running: Gateway, begun: bytes) -> None:
    with ExitStack() as connections:
        for _ in range(500):
            connections.enter_context(running.connected()).sendall(begun)
        for _ in range(20):
            assert running.post(SMALL).status_code == 202


async def _full(apart: Apart, release: threading.Event) -> list[object]:
    tasks = [asyncio.create_task(apart.run(release.wait)) for _ in range(8)]
    await asyncio.sleep(0)
    try:
        with pytest.raises(RefusedError, match="too many large bodies") as refused:
            await apart.run(release.wait)
        assert refused.value.status == 503
    finally:
        release.set()
    return list(await asyncio.gather(*tasks))


def test_ninth_large_body_at_a_time_is_refused_and_the_eight_are_done() -> None:
    usual_s = sys.getswitchinterval()
    assert asyncio.run(_full(Apart(), threading.Event())) == [True] * 8
    assert sys.getswitchinterval() == pytest.approx(usual_s)
