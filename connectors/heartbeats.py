"""What a target was told last of each alert, said again and again to one that would forget it otherwise. Pure.

Alertmanager takes an alert that nobody repeats for resolved; Prometheus repeats what fires each minute and what is
resolved for some minutes. So does Winnow for targets with a `heartbeat`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from alerts.alert import Status
from connectors import lane_state
from connectors.agenda import Agenda
from connectors.job import Alive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alerts.decision import Delivery

# Prometheus repeats a resolved alert for 15 minutes at most; Alertmanager's own resolve_timeout is 5.
RESOLVED_FOR_MS = 5 * 60_000
# About 1.5 KB each, and 1 KB of a snapshot. What comes beyond is told once, as to any other target.
ALIVE_MAX = 50_000


class Heartbeats:
    """The alerts of one target."""

    def __init__(self, every_ms: int) -> None:
        self.every_ms = every_ms
        self._alive: dict[str, Alive] = {}
        self._agenda = Agenda()

    def __len__(self) -> int:
        return len(self._alive)

    def told(self, delivery: Delivery, now_ms: int) -> None:
        """The target has taken this: from now on it is said again."""
        is_firing = delivery.alert.status is Status.FIRING
        until_ms = None if is_firing else now_ms + RESOLVED_FOR_MS
        alive = Alive(lane_state.encode(delivery), is_firing, until_ms)
        self._keep(delivery.alert.fingerprint, alive, now_ms + self.every_ms)

    def missed(self, delivery: Delivery) -> None:
        """The target was not told this: what it was told before is said again only if it is as true."""
        fingerprint = delivery.alert.fingerprint
        known = self._alive.get(fingerprint)
        if known is not None and not (known.is_firing and delivery.alert.status is Status.FIRING):
            del self._alive[fingerprint]
            self._agenda.drop(fingerprint)

    def next_ms(self) -> int | None:
        """When something is due; None if nothing ever is."""
        return self._agenda.first_ms()

    def due(self, now_ms: int, at_most: int) -> Iterator[Delivery]:
        """What is to be said now, so many at most; each is due again an interval later."""
        for _ in range(at_most):
            first_ms = self._agenda.first_ms()
            if first_ms is None or first_ms > now_ms:
                return
            fingerprint = self._agenda.pop()
            encoded, _, until_ms = self._alive[fingerprint]
            if until_ms is not None and until_ms <= now_ms:
                del self._alive[fingerprint]
                continue
            self._agenda.put(fingerprint, now_ms + self.every_ms)
            yield lane_state.decode(encoded)

    def all_alive(self) -> Iterable[Alive]:
        """What a snapshot holds."""
        return self._alive.values()

    def restore(self, alive: Iterable[Alive], now_ms: int) -> None:
        """Say again what a snapshot holds, spread over the interval: it may be long that it was said last."""
        for one in alive:
            fingerprint = lane_state.decode(one.encoded).alert.fingerprint
            share = crc32(fingerprint.encode()) / 2**32
            self._keep(fingerprint, one, now_ms + int(share * self.every_ms))

    def _keep(self, fingerprint: str, alive: Alive, due_ms: int) -> None:
        if fingerprint in self._alive or len(self._alive) < ALIVE_MAX:
            self._alive[fingerprint] = alive
            self._agenda.put(fingerprint, due_ms)
