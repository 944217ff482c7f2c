"""Writes a request's records and waits for the broker's reports; reports of many requests wake the loop once."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta

from alerts.config import Kafka
from alerts.errors import KafkaError
from connectors.kafka.producer import AcknowledgedProducer, Batch
from connectors.request import Message


class Writer:
    """A producer on an event loop."""

    def __init__(self, kafka: Kafka, timeout: timedelta) -> None:
        """Start the producer; call it on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._timeout_s = timeout.total_seconds()
        self._done: deque[Batch] = deque()
        self._waiting: dict[Batch, asyncio.Future[None]] = {}
        self._producer = AcknowledgedProducer(kafka, timeout, polled=self._wake)

    def _wake(self) -> None:
        """In the polling thread, once after each poll that brought reports."""
        if self._done:
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        while self._done:
            batch = self._done.popleft()
            future = self._waiting.pop(batch, None)
            if future is None or future.done():
                continue
            if batch.error is None:
                future.set_result(None)
            else:
                future.set_exception(KafkaError(f"Kafka did not confirm: {batch.error}"))

    async def write(self, messages: list[Message]) -> None:
        """Return when the broker has acknowledged all of them.

        Raises:
            KafkaError: It has not, in time; some of them may be in Kafka all the same.
        """
        future = self._loop.create_future()
        batch = Batch(len(messages), self._done.append)
        self._waiting[batch] = future
        self._producer.send(messages, batch)
        if batch.error is not None:  # the queue is full: reports of what was queued may be seconds away
            self._waiting.pop(batch, None)
            raise KafkaError(f"Kafka did not confirm: {batch.error}")
        try:
            async with asyncio.timeout(self._timeout_s):
                await future
        except TimeoutError:
            raise KafkaError(f"Kafka did not confirm within {self._timeout_s:g} s") from None
        finally:
            self._waiting.pop(batch, None)

    def write_unconfirmed(self, message: Message) -> None:
        """Queue a message nobody waits for."""
        self._producer.send([message], Batch(1, lambda _: None))

    def close(self) -> None:
        """Wait for what is under way, at most the timeout, and stop."""
        try:
            self._producer.flush(timedelta(seconds=self._timeout_s))
        finally:
            self._producer.close()
