"""The deliveries of one target, taken on, sent and ended in memory."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from alerts.config import Publish
from alerts.decision import Outcome
from benchmarks import events
from benchmarks.stage import Limit, Stage
from connectors.lane import Lane
from connectors.request import Judgement, Sent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from alerts.decision import Delivery
    from benchmarks.settings import Bench

_COUNT = 1000
_TARGET = "hook"
_SENT = Sent(Judgement.DELIVERED, 200, "", took_ms=1.0)
_AGAIN = Sent(Judgement.RETRY, 503, "answered 503", took_ms=1.0)


def stages(_: Bench) -> Iterator[Stage]:
    """CPU a delivery; the limit is a queue of tuples."""
    deliveries = events.deliveries(range(_COUNT), _TARGET)
    limit = Limit("a deque of tuples", lambda: _queue(deliveries))
    yield Stage("lane, delivered at once", "delivery", _COUNT, lambda: _delivered(deliveries), limit)
    again = {one.id for one in deliveries[::10]}
    yield Stage("lane, one of ten tried twice", "delivery", _COUNT, lambda: _delivered(deliveries, again), limit)
    newer = [one._replace(id=f"{number:032x}") for number, one in enumerate(deliveries)]
    yield Stage("lane, merged while waiting", "delivery", _COUNT, lambda: _merged(deliveries, newer), limit)


def lane(deliveries: list[Delivery]) -> Lane:
    """A lane in which these wait."""
    made = Lane(Publish(), {_TARGET: events.target("webhook", _TARGET)})
    for delivery in deliveries:
        made.offer(delivery, events.NOW_MS)
    return made


def _delivered(deliveries: list[Delivery], again: Collection[str] = ()) -> int:
    """Until all have ended, how many were delivered; of those `again` names the first try fails."""
    waiting, now_ms = lane(deliveries), events.NOW_MS
    count = 0
    while len(waiting):
        while loads := waiting.take(now_ms):
            for load in loads:
                fails = not load[0].tries and load[0].delivery.id in again
                waiting.came_back(load, _AGAIN if fails else _SENT, now_ms)
        count += sum(end.outcome is Outcome.DELIVERED for end in waiting.ended())
        now_ms = waiting.next_ms() or now_ms
    return count


def _merged(older: list[Delivery], newer: list[Delivery]) -> int:
    waiting = lane(older)
    for delivery in newer:
        waiting.offer(delivery, events.NOW_MS)
    return len(waiting.ended())


def _queue(deliveries: list[Delivery]) -> None:
    queue = deque((delivery, 0, events.NOW_MS) for delivery in deliveries)
    while queue:
        queue.popleft()
