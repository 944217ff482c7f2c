"""The flow with bugs that quote secrets, as a library's error may; `WINNOW_CANARIES` says which.

For the tests beside it only: `python -m bytewax.run tests.canaries.broken`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from connectors.configuration import load
from connectors.targets import webhook
from flows import proxy

if TYPE_CHECKING:
    from datetime import datetime

    from bytewax.dataflow import Dataflow

    from alerts.decision import Delivery
    from connectors.request import Request

VARIABLE = "WINNOW_CANARIES"
BROKEN = "webhook-broken"
_render = webhook.render


def flow() -> Dataflow:
    """The flow of `flows.proxy` with the bugs."""
    bugs = os.environ.get(VARIABLE, "").split(",")
    webhook.render = _quoting
    made = proxy.flow()
    url = next(target.url for target in load().targets if isinstance(target, webhook.Config))
    if "leak" in bugs:
        sys.stderr.write(f"calling {url}\n")
    if "crash" in bugs:
        raise RuntimeError(f"no port in {url}")
    return made


def _quoting(config: webhook.Config, delivery: Delivery, at: datetime) -> Request:
    if config.name == BROKEN:
        _tasks.append(asyncio.ensure_future(_fail(config.url)))
        _tasks.clear()
        raise ValueError(f"no port in {config.url}, {config.token and config.token.get_secret_value()}")
    return _render(config, delivery, at)


_tasks: list[asyncio.Future[None]] = []


async def _fail(url: str) -> None:
    await asyncio.sleep(0)
    raise ValueError(f"nobody waits for the end of {url}")
