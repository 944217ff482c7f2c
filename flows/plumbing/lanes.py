"""Runs a `Lane` as a keyed Bytewax step: the only place where deliveries meet the clock."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from bytewax.operators import StatefulBatchLogic

from alerts.decision import Delivery
from alerts.delivery_json import Plain
from connectors.lane import Ended, Job, Lane, Sent
from connectors.request import Judgement
from flows import metrics

if TYPE_CHECKING:
    from alerts.config import Publish
    from flows.plumbing.background import Background, Work

Send = Callable[[Delivery], Awaitable[Sent]]

log = structlog.get_logger()

_AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)


class LaneLogic(StatefulBatchLogic[Delivery, Ended, Plain]):
    """Hands what is due to the background loop and takes back what ended."""

    def __init__(self, send: Send, background: Background, settings: Publish, state: Plain | None) -> None:
        self._send = send
        self._background = background
        self._lane = Lane(settings)
        self._back: deque[tuple[Job, Sent]] = deque()
        if state is not None:
            self._lane.restore(state)

    def on_batch(self, values: list[Delivery]) -> tuple[Iterable[Ended], bool]:
        """Take on new deliveries."""
        now_ms = _now_ms()
        for delivery in values:
            self._lane.offer(delivery, now_ms)
        return self.on_notify()

    def on_notify(self) -> tuple[Iterable[Ended], bool]:
        """Take back what came back, send what is due."""
        now_ms = _now_ms()
        ended: list[Ended] = []
        while self._back:
            job, sent = self._back.popleft()
            self._background.took_back(1)
            metrics.attempts.labels(target=job.delivery.target, judgement=sent.judgement.value).inc()
            end = self._lane.ended(job, sent, now_ms)
            if end is not None:
                ended.append(end)
        jobs = self._lane.take(now_ms)
        if jobs:
            self._background.submit([self._work(job) for job in jobs])
        return ended, StatefulBatchLogic.RETAIN

    def _work(self, job: Job) -> Work:
        async def work() -> None:
            try:
                sent = await self._send(job.delivery)
            except Exception as error:
                log.exception("send_raised", target=job.delivery.target, error=type(error).__name__)
                sent = Sent(Judgement.RETRY, None, f"could not be sent: {type(error).__name__}")
            self._back.append((job, sent))
            self._background.done()

        return work

    def notify_at(self) -> datetime | None:
        """At once while something is under way (the source's wait paces it), else when the next try is due."""
        if self._lane.is_busy:
            return _AT_ONCE
        next_ms = self._lane.next_ms()
        return None if next_ms is None else datetime.fromtimestamp(next_ms / 1000, UTC)

    def snapshot(self) -> Plain:
        """What has not ended; after a crash it is sent again under the same ids."""
        return self._lane.snapshot()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
