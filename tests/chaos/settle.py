"""Waits until nothing is under way any more."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, NamedTuple

import httpx
from confluent_kafka import Consumer, KafkaException, TopicPartition

from tests.chaos.settings import PARTITIONS

if TYPE_CHECKING:
    from tests.chaos.world import World

_PENDING = re.compile(r"^winnow_deliveries_pending ([0-9.e+]+)$", re.MULTILINE)
_TIMEOUT_S = 5.0


class Rest(NamedTuple):
    """What is still to be done."""

    lag: int | None
    """Records that no finished epoch covers; None: nobody can tell now."""
    pending: int | None
    """Deliveries that have not ended."""

    @property
    def is_nothing(self) -> bool:
        """Whether all is done."""
        return self.lag == 0 and self.pending == 0


class Gauge:
    """Asks Kafka and the flow."""

    def __init__(self, world: World, prefix: str) -> None:
        self._flows = world.flows
        self._topic = f"{prefix}.webhooks"
        settings = {"bootstrap.servers": world.broker.bootstrap, "group.id": "winnow", "enable.auto.commit": False}
        self._consumer = Consumer({**settings, "log_level": 0})

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def read(self) -> Rest:
        """What is still to be done now."""
        return Rest(self._lag(), self._pending())

    def _lag(self) -> int | None:
        places = [TopicPartition(self._topic, partition) for partition in range(PARTITIONS)]
        try:
            ends = [self._consumer.get_watermark_offsets(place, timeout=_TIMEOUT_S)[1] for place in places]
            done = self._consumer.committed(places, timeout=_TIMEOUT_S)
        except KafkaException:
            return None
        by_partition = {place.partition: max(0, place.offset) for place in done}
        return sum(max(0, end - by_partition[partition]) for partition, end in enumerate(ends))

    def _pending(self) -> int | None:
        pending = 0
        for flow in self._flows:
            url = flow.command.ready.replace("/readyz", "/metrics")
            try:
                found = _PENDING.search(httpx.get(url, timeout=_TIMEOUT_S, trust_env=False).text)
            except httpx.HTTPError:
                return None
            if not found:
                return None
            pending += int(float(found[1]))
        return pending


def settle(world: World, prefix: str, at_most_s: float) -> Rest:
    """Wait until nothing is left to do, twice in a row; what is left when the time is up."""
    gauge = Gauge(world, prefix)
    until = time.monotonic() + at_most_s
    was_nothing = False
    try:
        while True:
            rest = gauge.read()
            if (rest.is_nothing and was_nothing) or time.monotonic() > until:
                return rest
            was_nothing = rest.is_nothing
            time.sleep(1.0)
    finally:
        gauge.close()
