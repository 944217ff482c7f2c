"""Sends notifications of the past by the same lane as the flow does, and writes down what became of each.

In the order given; the next one of an alert sets out when the one before has ended. Nothing more is sent while Kafka
has not confirmed what became of what was sent. So whatever ends this process, what may be sent once more, under the
same ids, is what was under way: `publish.max_concurrent` requests at most.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter, deque
from contextlib import suppress
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import uvloop

from alerts.config_file import version
from alerts.decision import Outcome
from alerts.errors import KafkaError
from connectors.kafka.producer import AcknowledgedProducer, Batch
from connectors.kafka.topics import topics
from connectors.lane import Lane
from connectors.publish import Publisher
from flows.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from alerts.config import Config, Target
    from alerts.decision import Delivery
    from connectors.job import Ended, Load
    from connectors.request import Sent

_TIMEOUT = timedelta(seconds=30)
_LEAST_WAIT_S = 0.02
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Gone(NamedTuple):
    """What has become of them so far."""

    delivered: int = 0
    given_up: Mapping[str, int] = MappingProxyType({})
    """By reason; each is a dead letter."""
    left: int = 0
    """Not sent, or not to their end."""
    held_back: str = ""
    """Why the target is left alone for now."""
    signal: int = 0
    """Which one interrupted it; 0: none."""


def send(
    config: Config,
    target: Target,
    going: Sequence[Delivery],
    show: Callable[[Gone], None],
    patience: timedelta = _TIMEOUT,
) -> Gone:
    """Send all of them, until they have ended or SIGINT or SIGTERM comes; a second one does not wait for answers.

    Args:
        config: How to publish, and where to write what became of them.
        target: To whom; its fallback is told nothing.
        going: In the order to send them.
        show: Told now and then how far it is.
        patience: How long Kafka may take to confirm what became of some.

    Raises:
        KafkaError: Kafka does not confirm what became of some.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_Sending(config, target, going, show).run(patience))


class _Sending:
    def __init__(self, config: Config, target: Target, going: Sequence[Delivery], show: Callable[[Gone], None]) -> None:
        self._config, self._target, self._show = config, target, show
        alone = target.model_copy(update={"fallback": None})
        self._lane = Lane(config.publish, {target.name: alone})
        self._publisher = Publisher([target], config.kafka)
        self._trail = Trail(topics(config.kafka), config.kafka.partitions, version(config))
        self._queue = deque(going)
        self._behind: dict[str, deque[Delivery]] = {}
        """By fingerprint, of the alerts that the lane has something of: what comes after it."""
        self._tries: set[asyncio.Task[None]] = set()
        self._back: list[tuple[Load, Sent]] = []
        self._awake = asyncio.Event()
        self._given_up: Counter[str] = Counter()
        self._gone = Gone(given_up=self._given_up, left=len(going))

    async def run(self, patience: timedelta) -> Gone:
        """Until all have ended, or it is interrupted."""
        loop = asyncio.get_running_loop()
        producer = AcknowledgedProducer(self._config.kafka, patience, patience=patience)
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._interrupt, number)
        try:
            while await self._step(producer):
                await self._wait()
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
            for one in self._tries:
                one.cancel()
            await self._publisher.close()
            producer.close()
        return self._gone

    async def _step(self, producer: AcknowledgedProducer) -> bool:
        """Take back what came back, write it down, send what is due; whether there is more to do."""
        now_ms = _now_ms()
        back, self._back = self._back, []
        for load, sent in back:
            self._lane.came_back(load, sent, now_ms)
        due: list[Load] = []
        if not self._gone.signal:
            self._feed(now_ms)
            due = self._lane.take(now_ms)
        await self._note(producer, self._lane.ended())
        if not self._gone.signal:
            for load in due:
                one = asyncio.create_task(self._try(load))
                self._tries.add(one)
                one.add_done_callback(self._done)
        way = self._lane.ways.get(self._target.name)
        held_back = way.failure if way is not None and way.is_held_back else ""
        self._gone = self._gone._replace(held_back=held_back)
        self._show(self._gone)
        return bool(self._tries or self._back or (self._gone.left and not self._gone.signal))

    async def _wait(self) -> None:
        """Until something came back, a signal came, or something is due."""
        next_ms = None if self._gone.signal else self._lane.next_ms()
        timeout_s = None if next_ms is None else max(_LEAST_WAIT_S, (next_ms - _now_ms()) / 1000)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._awake.wait()
        self._awake.clear()

    def _feed(self, now_ms: int) -> None:
        """Hand over as much as may wait at a time in the flow too."""
        while self._queue and len(self._lane) < self._config.publish.max_pending:
            delivery = self._queue.popleft()
            behind = self._behind.get(delivery.alert.fingerprint)
            if behind is None:
                self._behind[delivery.alert.fingerprint] = deque()
                self._lane.offer(delivery, now_ms)
            else:
                behind.append(delivery)

    async def _try(self, load: Load) -> None:
        began_s = time.perf_counter()
        sent = await self._publisher.send([job.outgoing for job in load])
        self._back.append((load, sent._replace(took_ms=(time.perf_counter() - began_s) * 1000)))

    def _done(self, one: asyncio.Task[None]) -> None:
        self._tries.discard(one)
        self._awake.set()

    async def _note(self, producer: AcknowledgedProducer, ended: Sequence[Ended]) -> None:
        """Write down what ended and wait until Kafka has it; then the next of these alerts may go."""
        if not ended:
            return
        await _written(producer, self._trail, ended)
        for end in ended:
            is_told = end.outcome is Outcome.DELIVERED
            if not is_told:
                self._given_up[end.error] += 1
            self._gone = self._gone._replace(delivered=self._gone.delivered + is_told, left=self._gone.left - 1)
            self._go_on(end.delivery.alert.fingerprint)
        self._awake.set()

    def _go_on(self, fingerprint: str) -> None:
        behind = self._behind[fingerprint]
        if behind:
            self._lane.offer(behind.popleft(), _now_ms())
        else:
            del self._behind[fingerprint]

    def _interrupt(self, number: int) -> None:
        if self._gone.signal:
            for one in self._tries:
                one.cancel()
        self._gone = self._gone._replace(signal=number)
        self._awake.set()


async def _written(producer: AcknowledgedProducer, trail: Trail, ended: Sequence[Ended]) -> None:
    loop = asyncio.get_running_loop()
    reported: asyncio.Future[str | None] = loop.create_future()
    messages = [message for _, message in trail.of_ended(ended)]

    def report(batch: Batch) -> None:
        loop.call_soon_threadsafe(_settle, reported, batch.error)

    producer.send(messages, Batch(len(messages), report))
    error = await reported
    if error is not None:
        raise KafkaError(
            f"Kafka did not confirm what became of {len(ended)} notifications: {error}; nothing more is sent. "
            "The same command goes on, and sends these once more under the same ids"
        )


def _settle(future: asyncio.Future[str | None], error: str | None) -> None:
    if not future.done():
        future.set_result(error)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
