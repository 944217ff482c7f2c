"""Runs a `Lane` as a keyed Bytewax step: the only place where deliveries meet the clock."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import structlog
from bytewax.operators import StatefulBatchLogic
from prometheus_client import Gauge

from alerts.decision import Delivery, Outcome
from alerts.delivery_json import Plain
from connectors.job import Ended, Job
from connectors.lane import Lane
from connectors.request import Judgement, Sent
from flows import metrics
from flows.plumbing.account import account

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.config import Publish, Target
    from flows.plumbing.background import Background, Work
    from flows.plumbing.pending import Pending

Send = Callable[[Delivery], Awaitable[Sent]]

log = structlog.get_logger()

_AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)

target_gone = Gauge(
    "winnow_target_gone", "1 when the target answered 410: until a restart it is told nothing", ["target"]
)
target_held = Gauge("winnow_target_breaker_open", "1 while the target fails and is only probed", ["target"])


class Shared(NamedTuple):
    """What all lanes of a process have in common."""

    targets: Sequence[Target] = ()
    """Their rates and fallbacks; one that is missing here has neither."""
    pending: Pending | None = None
    """Told how many deliveries wait."""
    began_ms: int = 0
    """When this process began, on the clock that also says when alerts were accepted."""
    is_behind: Callable[[], bool] = lambda: False
    """Whether what lay in Kafka at the start is still being read: until then nothing is sent, for an alert whose newer
    state was told before a crash must not be told its older one once more under an id that nobody has seen yet."""


_NOTHING = Shared()


class LaneLogic(StatefulBatchLogic[Delivery, Ended, Plain]):
    """Hands what is due to the background loop and takes back what ended."""

    def __init__(
        self, send: Send, background: Background, settings: Publish, state: Plain | None, shared: Shared = _NOTHING
    ) -> None:
        """Run one lane: `send` is one try, made in `background`; `state` is its snapshot, if there is one."""
        self._send = send
        self._background = background
        self._pending = shared.pending
        self._is_behind = shared.is_behind
        self._lane = Lane(settings, {target.name: target for target in shared.targets}, shared.began_ms)
        self._back: deque[tuple[Job, Sent]] = deque()
        self._counted = 0
        if self._pending is not None:
            self._pending.watch(self._lane.oldest_ms)
        self._gone: set[str] = set()
        if state is None:
            self._lane.begin()
        else:
            self._lane.restore(state)
            self._count()

    def on_batch(self, values: list[Delivery]) -> tuple[Iterable[Ended], bool]:
        """Take on new deliveries."""
        now_ms = _now_ms()
        is_read_again = self._is_behind()
        for delivery in values:
            account.came(delivery.id)
            self._lane.offer(delivery, now_ms, is_read_again=is_read_again)
        return self.on_notify()

    def on_notify(self) -> tuple[Iterable[Ended], bool]:
        """Take back what came back, send what is due."""
        self._background.check()
        now_ms = _now_ms()
        while self._back:
            job, sent = self._back.popleft()
            self._background.took_back(1)
            counter = metrics.heartbeats if job.is_heartbeat else metrics.attempts
            counter.labels(target=job.to, judgement=sent.judgement.value).inc()
            self._lane.came_back(job, sent, now_ms)
        is_full = self._pending is not None and self._pending.is_full
        jobs = [] if self._is_behind() and not is_full else self._lane.take(now_ms)
        if jobs:
            self._background.submit([self._work(job) for job in jobs])
        self._tell()
        self._count()
        ended = self._lane.ended()
        for end in ended:
            account.left(end.delivery.id)
            if end.outcome is Outcome.DEAD_LETTERED:
                _warn(end)
        return ended, StatefulBatchLogic.RETAIN

    def _tell(self) -> None:
        """Say which targets are gone or held back."""
        for name, way in self._lane.ways.items():
            target_held.labels(target=name).set(way.is_held_back)
            if way.is_gone and name not in self._gone:
                self._gone.add(name)
                target_gone.labels(target=name).set(1)
                log.error("target_gone", target=name, status=410)

    def _count(self) -> None:
        if self._pending is not None:
            self._pending.add(len(self._lane) - self._counted)
            self._counted = len(self._lane)

    def _work(self, job: Job) -> Work:
        async def work() -> None:
            try:
                sent = await self._send(job.outgoing)
            except Exception as error:
                log.exception("send_raised", target=job.to, error=type(error).__name__)
                sent = Sent(Judgement.RETRY, None, f"could not be sent: {type(error).__name__}")
            self._back.append((job, sent))
            self._background.done()

        return work

    @property
    def is_busy(self) -> bool:
        """Whether a try is under way."""
        return self._lane.is_busy

    def notify_at(self) -> datetime | None:
        """At once while something is under way (the source's wait paces it), else when the next try is due."""
        if self.is_busy:
            return _AT_ONCE
        next_ms = self._lane.next_ms()
        return None if next_ms is None else datetime.fromtimestamp(next_ms / 1000, UTC)

    def snapshot(self) -> Plain:
        """What has not ended; after a crash it is sent again under the same ids."""
        return self._lane.snapshot()


def _warn(end: Ended) -> None:
    """Whoever watches the log sees that somebody was not told."""
    log.error(
        "delivery_dead_lettered",
        target=end.delivery.target,
        alert=end.delivery.alert.name[:200],
        fingerprint=end.delivery.alert.fingerprint,
        tries=end.tries,
        error=end.error,
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
