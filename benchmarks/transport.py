"""The limit for delivery: the same requests by the same transport, rendered beforehand, and nothing kept in mind."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import TYPE_CHECKING

import uvloop

from benchmarks.bodies import alert, labels
from connectors import egress
from connectors.poster import Poster
from connectors.request import Request
from connectors.targets import kinds, render
from tests.support import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.decision import Delivery

_UNDER_WAY = 32
_VARIANTS = 500
_WITHIN = timedelta(seconds=10)


def _delivery(number: int) -> Delivery:
    told = alert(number)
    name = labels(number)
    made = build.alert(name=name["alertname"], labels=name, annotations=told["annotations"])
    return build.delivery(alert=made._replace(generator_url=str(told["generatorURL"])))


def _requests(kind: str, url: str, batch: int) -> list[Request]:
    """As many as are different enough."""
    at = datetime.now(UTC)
    deliveries = [_delivery(number) for number in range(_VARIANTS)]
    told = {"name": "limit", "url": url} | ({"batch": batch} if kind == "webhook" else {})
    target = kinds()[kind].Config.model_validate(told)
    requests = [render(target, deliveries[start : start + batch], at) for start in range(0, _VARIANTS, batch)]
    return [request for request in requests if isinstance(request, Request)]


async def _send(requests: Iterator[Request], poster: Poster) -> None:
    for request in requests:
        await poster.send(request, _WITHIN)


async def _all(requests: list[Request], count: int) -> tuple[float, float]:
    """Seconds, and seconds of CPU, that so many take."""
    turns = islice(cycle(requests), count)
    poster = Poster(egress.connector(allow_private=True))
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    await asyncio.gather(*(_send(turns, poster) for _ in range(_UNDER_WAY)))
    took_s, took_cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
    await poster.close()
    return took_s, took_cpu_s


if __name__ == "__main__":
    kind, url, batch, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    took_s, cpu_s = uvloop.run(_all(_requests(kind, url, batch), count))
    sys.stdout.write(f"{took_s} {cpu_s}\n")
