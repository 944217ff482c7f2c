"""Which alerts a target must be told of again and again so that it does not forget them, and when. Pure.

For targets such as Alertmanager, which take an alert that nobody repeats for resolved. What was delivered is repeated
every interval, what was resolved for five minutes more: https://prometheus.io/docs/alerting/latest/alerts_api/

Alerts go in batches. The next batch is what was told longest ago; batches keep a distance, so that ten thousand alerts
that began at once are spread over the interval.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from alerts.alert import Status
from alerts.delivery_json import from_plain, to_plain
from connectors.pages import Pages, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from alerts.decision import Delivery
    from alerts.delivery_json import Plain

RESOLVED_FOR_MS = 300_000
"""Alertmanager may have missed a resolve; after five minutes it takes what is not repeated for resolved anyway."""
BATCH_MAX = 64
BATCH_MAX_BYTES = 512 * 1024
"""Half of what nginx lets pass by default (client_max_body_size)."""
KEPT_MAX = 50_000
KEPT_MAX_BYTES = 64 * 1024 * 1024
"""All alerts of one target, as JSON: with a real alert's 1 to 2 KB both bounds are near each other."""


class Beat(NamedTuple):
    """One request that says of some alerts what was said before."""

    to: str
    deliveries: tuple[Delivery, ...]
    """Of different alerts; each as it was last delivered."""


class _Kept(NamedTuple):
    encoded: str
    """The delivery as JSON: a third of the memory, and a snapshot of many takes no time to encode."""
    told_ms: int
    until_ms: int | None
    """None: as long as it fires."""


class Heartbeats:
    """The alerts one target knows of, the one that was told longest ago first."""

    def __init__(self, every: timedelta) -> None:
        self._every_ms = int(every.total_seconds() * 1000)
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._pages = Pages()
        self._bytes = 0
        self._next_batch_ms = 0
        self.left_out = 0
        """Alerts there was no room for, so far: they are told once and not kept alive."""

    def __len__(self) -> int:
        """Alerts that are kept alive."""
        return len(self._kept)

    def told(self, delivery: Delivery, now_ms: int) -> None:
        """Keep alive what was just delivered, in place of what its alert told before."""
        fingerprint = delivery.alert.fingerprint
        self.forget(fingerprint)
        until_ms = now_ms + RESOLVED_FOR_MS if delivery.alert.status is Status.RESOLVED else None
        self._keep(fingerprint, _Kept(orjson.dumps(to_plain(delivery)).decode(), now_ms, until_ms))

    def forget(self, fingerprint: str) -> None:
        """Keep this alert alive no longer."""
        old = self._kept.pop(fingerprint, None)
        self._bytes -= len(old.encoded) if old else 0
        self._pages.drop(fingerprint)

    def gave_up(self, delivery: Delivery) -> None:
        """The target did not take this: it is not told the contrary for ever, the alert ends there by itself."""
        kept = self._kept.get(delivery.alert.fingerprint)
        if kept is not None and (kept.until_ms is None) is not (delivery.alert.status is Status.FIRING):
            self.forget(delivery.alert.fingerprint)

    def is_firing(self, fingerprint: str) -> bool:
        """Whether this alert is kept alive as firing."""
        kept = self._kept.get(fingerprint)
        return kept is not None and kept.until_ms is None

    def next_ms(self) -> int | None:
        """When the next batch is due; None if nothing is kept alive."""
        first = next(iter(self._kept.values()), None)
        return None if first is None else max(first.told_ms + self._every_ms, self._next_batch_ms)

    def take(self, now_ms: int, is_quiet: Callable[[str], bool]) -> tuple[Delivery, ...]:
        """The batch to send now; empty if none is due. What is not quiet is about to be told anyway: not now."""
        next_ms = self.next_ms()
        if next_ms is None or next_ms > now_ms:
            return ()
        batch: list[str] = []
        room_bytes = BATCH_MAX_BYTES
        while self._kept and len(batch) < BATCH_MAX:
            fingerprint, kept = next(iter(self._kept.items()))
            if kept.until_ms is not None and now_ms >= kept.until_ms:
                self.forget(fingerprint)
                continue
            # What is due soon goes along: an alert of its own request would be one request each minute.
            if 2 * (now_ms - kept.told_ms) < self._every_ms or (batch and len(kept.encoded) > room_bytes):
                break
            self._kept[fingerprint] = kept._replace(told_ms=now_ms)
            self._kept.move_to_end(fingerprint)
            if is_quiet(fingerprint):
                batch.append(kept.encoded)
                room_bytes -= len(kept.encoded)
        self._next_batch_ms = now_ms + self._every_ms // (self._batches() + 1)
        return tuple(from_plain(orjson.loads(encoded)) for encoded in batch)

    def plain(self) -> Plain:
        """What a snapshot holds: the deliveries, and of each alert when it was told and until when it is kept alive."""
        told = {fingerprint: [kept.told_ms, kept.until_ms] for fingerprint, kept in self._kept.items()}
        return {"deliveries": self._pages.packed(), "told": orjson.dumps(told)}

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take on what a snapshot holds, in the order in which it was told."""
        encoded = {from_plain(orjson.loads(text)).alert.fingerprint: text for text in unpack(plain["deliveries"])}
        for fingerprint, (told_ms, until_ms) in orjson.loads(plain["told"]).items():
            self._keep(fingerprint, _Kept(encoded[fingerprint], told_ms, until_ms))

    def _keep(self, fingerprint: str, kept: _Kept) -> None:
        if len(self._kept) >= KEPT_MAX or self._bytes + len(kept.encoded) > KEPT_MAX_BYTES:
            self.left_out += 1
            return
        self._kept[fingerprint] = kept
        self._bytes += len(kept.encoded)
        self._pages.put(fingerprint, kept.encoded)

    def _batches(self) -> int:
        """How many an interval needs, at least."""
        return max(-(-len(self._kept) // BATCH_MAX), -(-self._bytes // BATCH_MAX_BYTES))
