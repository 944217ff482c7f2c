"""What a gateway that validates and splits is held beside: the plain app that does this, on Granian.

It validates with pydantic, writes a record of its own for each alert under a key of its labels (acks=all, idempotent)
and answers when all are in. No limits, no faults told, no metrics, no formats, no order kept. It is no lower bound:
with a record for each partition, as the gateway writes them, it takes 30 % less CPU for a hundred alerts.
"""

from __future__ import annotations

import asyncio
import os
import sys
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

import orjson
from confluent_kafka import Producer
from pydantic import BaseModel, TypeAdapter

from benchmarks.bare import answer, serve

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

    from http_gateway.body import Receive, Scope, Send


class _Alert(BaseModel):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: str  # noqa: N815 the sender's spelling
    endsAt: str | None = None  # noqa: N815 the sender's spelling
    generatorURL: str | None = None  # noqa: N815 the sender's spelling


class _Webhook(BaseModel):
    receiver: str
    groupKey: str = ""  # noqa: N815 the sender's spelling
    alerts: list[_Alert]


_read = TypeAdapter(_Webhook).validate_json
_producers: list[Producer] = []


def _producer() -> Producer:
    """Made in the process that serves, and polled there."""
    if not _producers:
        settings = {"enable.idempotence": True, "acks": "all", "linger.ms": 1, "compression.type": "lz4"}
        made = Producer({"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP"], **settings})
        _producers.append(made)
        loop = asyncio.get_running_loop()

        def poll() -> None:
            made.poll(0)
            loop.call_later(0.001, poll)

        poll()
    return _producers[0]


async def _write(alerts: list[_Alert]) -> None:
    producer, written = _producer(), asyncio.get_running_loop().create_future()
    left = len(alerts)

    def report(error: KafkaError | None, _message: Message) -> None:
        nonlocal left
        left -= 1
        if error is not None and not written.done():
            written.set_exception(RuntimeError(error.str()))
        elif not left and not written.done():
            written.set_result(None)

    for alert in alerts:
        key = blake2b(orjson.dumps(sorted(alert.labels.items())), digest_size=8).digest()
        producer.produce(os.environ["PROTOTYPE_TOPIC"], orjson.dumps(alert.__dict__), key, on_delivery=report)
    await written


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Take one webhook."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = bool(event.get("more_body"))
    if body:
        await _write(_read(body).alerts)
    await answer(send)


if __name__ == "__main__":
    serve("prototype:app", int(sys.argv[1]))
