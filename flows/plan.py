"""From what the steps said to what is done: the deliveries of a chunk."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from alerts.decision import Delivery
from flows.steps.filter import DENY

if TYPE_CHECKING:
    from flows.chunk import Chunk


def notification_id(fingerprint: str, transition: str, target: str) -> str:
    """What a notification is about, as 32 hex digits: never of offsets or clocks, so a repeat carries the same."""
    return blake2b(f"{fingerprint}\n{transition}\n{target}".encode(), digest_size=16).hexdigest()


def deliveries(chunk: Chunk) -> list[list[Delivery]]:
    """What is to be sent for each alert of the chunk, in the order of the alerts."""
    return [
        []
        if verdict.outcome == DENY
        else [
            Delivery(notification_id(alert.fingerprint, transition, name), name, transition, alert, judged.told)
            for name in routing.targets
        ]
        for alert, transition, judged, verdict, routing in zip(
            chunk.alerts, chunk.transitions, chunk.judged, chunk.filtered, chunk.routed, strict=True
        )
    ]
