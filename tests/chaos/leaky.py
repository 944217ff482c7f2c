"""The flow with a leak: at each stage that `WINNOW_CHAOS_DROPS` names, the alert `leak-<stage>` silently vanishes.

For tests of the oracle only: `python -m bytewax.run tests.chaos.leaky`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import orjson
from bytewax.operators import StatefulBatchLogic

from alerts.config_file import version
from alerts.decision import Classification, Delivery, Verdict
from alerts.delivery_json import Plain
from alerts.retry import Retry
from connectors.configuration import load
from connectors.job import Ended
from connectors.kafka.topics import topics
from flows.parts import build
from flows.plumbing.runtime import check_arguments, prepare
from flows.proxy import connect
from flows.steps.convert import Convert
from flows.steps.dedup import DUPLICATE, Dedup, Seen, State
from flows.steps.filter import DENY, Filter
from flows.steps.route import ROUTED, Route, Routing
from flows.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from bytewax.dataflow import Dataflow

    from alerts.alert import Alert, Arrival
    from connectors.request import Message
    from flows.chunk import Chunk
    from flows.parts import Lane

VARIABLE = "WINNOW_CHAOS_DROPS"


def leaks(stage: str, name: str) -> bool:
    """Whether this alert vanishes there."""
    return name == f"leak-{stage}" and stage in os.environ[VARIABLE].split(",")


class _Convert(Convert):
    def __call__(self, value: bytes, accepted_ms: int) -> list[Arrival] | Retry:
        read = super().__call__(value, accepted_ms)
        return read if isinstance(read, Retry) else [one for one in read if not leaks("convert", one.name)]


class _Dedup(Dedup):
    def __call__(self, state: State, arrival: Arrival) -> Seen:
        if leaks("dedup", arrival.name):
            return Seen(Verdict(DUPLICATE, "window", {}), None)
        return super().__call__(state, arrival)


class _Filter(Filter):
    def __call__(self, alert: Alert, weighed: Classification, alone: Classification | None = None) -> Verdict:
        if leaks("filter", alert.name):
            return Verdict(DENY, "default", {})
        return super().__call__(alert, weighed, alone)


class _Route(Route):
    def __call__(self, alert: Alert, weighed: Classification, alone: Classification | None = None) -> Routing:
        if leaks("route", alert.name):
            return Routing((), (Verdict(ROUTED, "all", {}),))
        return super().__call__(alert, weighed, alone)


class _Publish(StatefulBatchLogic[Delivery, Ended, Plain]):
    def __init__(self, lane: StatefulBatchLogic[Delivery, Ended, Plain]) -> None:
        self._lane = lane

    def on_batch(self, values: list[Delivery]) -> tuple[Iterable[Ended], bool]:
        return self._lane.on_batch([one for one in values if not leaks("publish", one.alert.name)])

    def on_notify(self) -> tuple[Iterable[Ended], bool]:
        return self._lane.on_notify()

    def notify_at(self) -> datetime | None:
        return self._lane.notify_at()

    def snapshot(self) -> Plain:
        return self._lane.snapshot()


class _Trail(Trail):
    def of_chunk(self, chunk: Chunk) -> Iterator[tuple[str, Message]]:
        for key, message in super().of_chunk(chunk):
            record = orjson.loads(message.value)
            kept = [row for row in record.get("decisions", ()) if not leaks("trail", row["name"])]
            if "decisions" in record:
                yield key, message._replace(value=orjson.dumps({**record, "decisions": kept}))
            else:
                yield key, message


def flow() -> Dataflow:
    """The flow of `flows.proxy`, its parts with leaks."""
    prepare()
    config = load()
    check_arguments(config.kafka.partitions)
    parts = build(config)
    return connect(
        parts._replace(
            convert=_Convert(),
            dedup=_Dedup(config.dedup.window),
            filter=_Filter(config.filter),
            route=_Route(config.routes, config.targets),
            publish=_leaking(parts.publish),
            trail=_Trail(topics(config.kafka), config.kafka.partitions, version(config)),
        )
    )


def _leaking(lane: Lane) -> Lane:
    return lambda state: _Publish(lane(state))
