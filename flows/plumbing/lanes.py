"""Runs a `Lane` as a keyed Bytewax step: the only place where deliveries meet the clock."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import structlog
from bytewax.operators import StatefulBatchLogic

from alerts.decision import Delivery, Outcome
from alerts.delivery_json import Plain
from connectors.job import Ended, Load
from connectors.lane import Lane
from connectors.request import Judgement, Sent
from flows import metrics
from flows.plumbing.account import account
from flows.plumbing.gauges import Gauges

if TYPE_CHECKING:
    from alerts.config import Publish, Target
    from connectors.heartbeats import Beat
    from flows.plumbing.background import Background, Work
    from flows.plumbing.pending import Pending

Send = Callable[[Sequence[Delivery]], Awaitable[Sent]]
SendBeat = Callable[["Beat"], Awaitable[Sent]]

log = structlog.get_logger()

_AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)


async def _is_no_target(_: Beat) -> Sent:
    return Sent(Judgement.REFUSED, None, "heartbeats are not sent here")


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

    beat: SendBeat = _is_no_target
    """One try of a heartbeat."""


_NOTHING = Shared()


class LaneLogic(StatefulBatchLogic[Delivery, Ended, Plain]):
    """Hands what is due to the background loop and takes back what ended."""

    def __init__(
        self, send: Send, background: Background, settings: Publish, state: Plain | None, shared: Shared = _NOTHING
    ) -> None:
        """Run one lane: `send` is one request, made in `background`; `state` is its snapshot, if there is one."""
        self._send = send
        self._background = background
        self._pending = shared.pending
        self._is_behind = shared.is_behind
        self._lane = Lane(settings, {target.name: target for target in shared.targets}, shared.began_ms)
        self._back: deque[tuple[Load, Sent]] = deque()
        self._counted = 0
        if self._pending is not None:
            self._pending.watch(self._lane.oldest_ms)
        self._gauges = Gauges()
        self._beat = shared.beat
        self._beats_back: deque[tuple[Beat, Sent]] = deque()
        if state is None:
            self._lane.begin()
        else:
            self._lane.restore(state)
            self._count()

    def on_batch(self, values: list[Delivery]) -> tuple[Iterable[Ended], bool]:
        """Take on new deliveries."""
        now_ms = _now_ms()
        is_read_again = self._is_behind()
        for delivery in filter(self._lane.wants, values):
            account.came(delivery.id)
            self._lane.offer(delivery, now_ms, is_read_again=is_read_again)
        return self.on_notify()

    def on_notify(self) -> tuple[Iterable[Ended], bool]:
        """Take back what came back, send what is due."""
        self._background.check()
        now_ms = _now_ms()
        while self._back:
            load, sent = self._back.popleft()
            self._background.took_back(1)
            metrics.tries(load[0].to, sent.judgement).inc()
            self._lane.came_back(load, sent, now_ms)
        while self._beats_back:
            beat, sent = self._beats_back.popleft()
            self._background.took_back(1)
            metrics.heartbeats.labels(target=beat.to, judgement=sent.judgement.value).inc(len(beat.deliveries))
            self._lane.beat_came_back(beat, sent, now_ms)
        if works := self._works(now_ms):
            self._background.submit(works)
        self._lane.write_ahead(now_ms)
        self._gauges.show(self._lane.ways)
        self._count()
        ended = self._lane.ended()
        for end in ended:
            account.left(end.delivery.id)
            if end.outcome is Outcome.DEAD_LETTERED:
                _warn(end)
        return ended, StatefulBatchLogic.RETAIN

    def _count(self) -> None:
        if self._pending is not None:
            self._pending.add(len(self._lane) - self._counted)
            self._counted = len(self._lane)

    def _works(self, now_ms: int) -> list[Work]:
        """What is due, deliveries first; heartbeats once it is known that they are still true."""
        is_behind = self._is_behind()
        if is_behind and not (self._pending is not None and self._pending.is_full):
            return []
        works = [
            self._work(load[0].to, partial(self._send, [job.outgoing for job in load]), partial(self._came_back, load))
            for load in self._lane.take(now_ms)
        ]
        return works + [
            self._work(beat.to, partial(self._beat, beat), partial(self._beat_came_back, beat))
            for beat in ([] if is_behind else self._lane.beats(now_ms))
        ]

    def _work(self, to: str, send: Callable[[], Awaitable[Sent]], back: Callable[[Sent], None]) -> Work:
        async def work() -> None:
            began_s = time.perf_counter()
            try:
                sent = await send()
            except Exception as error:  # a bug: without its job back the lane would wait for ever
                log.exception("send_raised", target=to, error=type(error).__name__)
                sent = Sent(Judgement.RETRY, None, f"could not be sent: {type(error).__name__}")
            back(sent._replace(took_ms=(time.perf_counter() - began_s) * 1000))
            self._background.done()

        return work

    def _came_back(self, load: Load, sent: Sent) -> None:
        self._back.append((load, sent))

    def _beat_came_back(self, beat: Beat, sent: Sent) -> None:
        self._beats_back.append((beat, sent))

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
