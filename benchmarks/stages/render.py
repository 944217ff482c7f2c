"""A delivery becomes what its target is told, for every kind of target."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from benchmarks import events
from benchmarks.stage import Limit, Stage
from connectors.request import Request
from connectors.targets import kinds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.decision import Delivery
    from benchmarks.settings import Bench
    from connectors.request import Message

_COUNT = 100
_AT = datetime.fromtimestamp(events.NOW_MS / 1000, UTC)


def stages(_: Bench) -> Iterator[Stage]:
    """CPU a delivery; the limit writes the same document as JSON."""
    deliveries = events.deliveries(range(_COUNT), "hook")
    for name in kinds():
        yield _stage(name, deliveries)


def _stage(name: str, deliveries: list[Delivery]) -> Stage:
    kind, target = kinds()[name], events.target(name)

    def run() -> int:
        return sum(len(_body(kind.render(target, delivery, _AT))) > 2 for delivery in deliveries)

    documents = [orjson.loads(_body(kind.render(target, delivery, _AT))) for delivery in deliveries]
    limit = Limit("orjson.dumps of the same document", lambda: [orjson.dumps(one) for one in documents])
    return Stage(f"render {name}", "delivery", len(deliveries), run, limit)


def _body(made: Request | Message) -> bytes:
    return made.body if isinstance(made, Request) else made.value
