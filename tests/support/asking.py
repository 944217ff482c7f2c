"""Asks a model, whatever becomes of it, and looks that no error shows what it must not."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import NamedTuple

from alerts.advice import Template
from alerts.config_llm import Llm
from connectors.llm import Model, Reply, Tried

KEY = "canary-key-of-the-model"
TEMPLATE = Template(
    "0123456789abcdef",
    (("alertname", "CheckoutDown"), ("severity", "warning")),
    (("summary", "canary text: <n> payments failed"),),
)


class Told(NamedTuple):
    """What came of a question."""

    reply: Reply
    tried: list[Tried]
    took_s: float


def ask(url: str, *, goes_on: bool = True, template: Template = TEMPLATE, **settings: object) -> Told:
    """What a model at this address says; `settings` are those of `classify.llm`."""
    told = {"base_url": url, "model": "small", "api_key": KEY, "timeout": timedelta(seconds=10), **settings}
    tried: list[Tried] = []

    async def asked() -> Reply:
        model = Model(Llm.model_validate(told), pause=timedelta(milliseconds=5))
        try:
            return await model.ask(template, tried.append, lambda: goes_on)
        finally:
            await model.close()

    began_s = time.monotonic()
    reply = asyncio.run(asked())
    assert (reply.answer is None) == bool(reply.error)
    for secret in (KEY, url.split("//")[1].split("/", maxsplit=1)[0], "canary text"):
        assert secret not in reply.error
    return Told(reply, tried, time.monotonic() - began_s)
