"""A gateway that cannot start says so."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn

from alerts.config import Config, Kafka
from http_gateway import app
from http_gateway.app import Gateway

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from http_gateway.body import Event


def test_bug_at_the_start_fails_it_and_is_no_gateway_that_is_never_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> NoReturn:
        raise LookupError("a bug")

    async def go() -> None:
        events = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> Event:
            return next(events)

        async def send(event: Event) -> None:
            sent.append(event)

        await Gateway(Config(kafka=Kafka(bootstrap="127.0.0.1:1")), tmp_path)({"type": "lifespan"}, receive, send)

    monkeypatch.setattr(app, "pages", broken)
    sent: list[Event] = []
    asyncio.run(go())
    assert [event["type"] for event in sent] == ["lifespan.startup.failed", "lifespan.shutdown.complete"]
