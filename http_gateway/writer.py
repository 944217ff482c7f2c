"""Writes a request's records and waits for the broker's reports; reports of many requests wake the loop once."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import structlog

from alerts.errors import KafkaError
from connectors.kafka.producer import AcknowledgedProducer, Batch

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from alerts.config import Kafka
    from connectors.request import Message

log = structlog.get_logger()

_SWEEP_EVERY_S = 0.25


class _Waiter(NamedTuple):
    deadline: float
    future: asyncio.Future[None]


class Writer:
    """A producer on an event loop."""

    def __init__(self, kafka: Kafka, timeout: timedelta) -> None:
        """Start the producer; call it on the running loop.

        Raises:
            KafkaError: librdkafka refuses `kafka.client`.
        """
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._timeout_s = timeout.total_seconds()
        self._done: deque[Batch] = deque()
        self._waiting: dict[Batch, _Waiter] = {}
        """In the order in which they are overdue."""
        self._producer = AcknowledgedProducer(kafka, timeout, polled=self._wake)
        self._sweeping = self._loop.call_later(_SWEEP_EVERY_S, self._sweep)

    def _wake(self) -> None:
        """In the polling thread, once after each poll that brought reports."""
        if self._done:
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        while self._done:
            batch = self._done.popleft()
            waiter = self._waiting.pop(batch, None)
            if waiter is not None:
                _end(waiter.future, batch.error)

    def _sweep(self) -> None:
        """Give up what is overdue: one timer for all, as one each costs a request 5 % more."""
        now = self._loop.time()
        overdue = [batch for batch, waiter in self._waiting.items() if waiter.deadline <= now]
        for batch in overdue:
            _end(self._waiting.pop(batch).future, f"no report within {self._timeout_s:g} s")
        self._sweeping = self._loop.call_later(_SWEEP_EVERY_S, self._sweep)

    async def write(self, messages: list[Message]) -> None:
        """Return when the broker has acknowledged all of them.

        Raises:
            KafkaError: It has not, in time; some of them may be in Kafka all the same.
        """
        future: asyncio.Future[None] = self._loop.create_future()
        batch = Batch(len(messages), self._done.append)
        self._waiting[batch] = _Waiter(self._loop.time() + self._timeout_s, future)
        self._producer.send(messages, batch)
        if batch.error is not None:  # not queued: reports of those that were may be seconds away
            self._waiting.pop(batch, None)
            _end(future, batch.error)
        try:
            await future
        finally:
            del future  # or its error holds it by the traceback, and what was to be written with it

    def write_unconfirmed(self, message: Message, lost: Callable[[str], None]) -> None:
        """Queue a message nobody waits for; `lost` is called with the reason, in any thread, if it fails."""

        def done(batch: Batch) -> None:
            if batch.error is not None:
                lost(batch.error)

        self._producer.send([message], Batch(1, done))

    def close(self) -> None:
        """Wait for what is under way, at most the timeout, and stop."""
        self._sweeping.cancel()
        try:
            self._producer.flush(self._timeout)
        except KafkaError as error:
            log.warning("stopped_unacknowledged", reason=str(error))
        finally:
            self._producer.close()


def _end(future: asyncio.Future[None], error: str | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(KafkaError(f"Kafka did not confirm: {error}"))
