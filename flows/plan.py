"""From what the steps said to what is done: the deliveries of a chunk."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from alerts.alert import Status
from alerts.decision import Delivery
from flows.steps.filter import DENY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alerts.alert import Alert
    from alerts.config import Target
    from flows.chunk import Chunk
    from flows.steps.classify import Judged

    Keepers = Callable[[Alert], Sequence[str]]

_RESOLVED = Status.RESOLVED


def notification_id(fingerprint: str, transition: str, target: str) -> str:
    """What a notification is about, as 32 hex digits: never of offsets or clocks, so a repeat carries the same.

    It begins with the fingerprint, so whoever looks for it knows its partition.
    """
    return fingerprint + blake2b(f"{fingerprint}\n{transition}\n{target}".encode(), digest_size=8).hexdigest()


def deliveries(chunk: Chunk, keepers: Keepers) -> list[list[Delivery]]:
    """What is to be sent for each alert of the chunk, in the order of the alerts.

    A resolve goes to the alert's `keepers` too, whatever filters and routes say of it: a rule that asks the hour or the
    age may have passed the firing. Their lanes know whether it was told there.
    """
    planned: list[list[Delivery]] = []
    for alert, transition, judged, verdict, routing in zip(
        chunk.alerts, chunk.transitions, chunk.judged, chunk.filtered, chunk.routed, strict=True
    ):
        names = () if verdict.outcome == DENY else routing.targets
        is_told = names or alert.status is _RESOLVED
        planned.append(_of(alert, transition, judged, names, keepers) if is_told else [])
    return planned


def _of(alert: Alert, transition: str, judged: Judged, names: Sequence[str], keepers: Keepers) -> list[Delivery]:
    planned = [
        Delivery(notification_id(alert.fingerprint, transition, name), name, transition, alert, judged.told)
        for name in names
    ]
    if alert.status is _RESOLVED:
        for name in keepers(alert):
            if name not in names:
                id_ = notification_id(alert.fingerprint, transition, name)
                planned.append(Delivery(id_, name, transition, alert, judged.told, only_closes=True))
    return planned


class Closing:
    """Knows the targets that may hold an alert open until they are told of its resolve."""

    def __init__(self, targets: Sequence[Target]) -> None:
        """Of `targets` those that are enabled, or whose fallback may be told in their place."""
        enabled = {target.name: target for target in targets if target.enabled}
        self._told = tuple(
            (name, tuple(one for one in (target, enabled.get(target.fallback or "")) if one is not None))
            for name, target in enabled.items()
        )

    def __call__(self, alert: Alert) -> list[str]:
        """Their names."""
        return [
            name
            for name, told in self._told
            if any(target.heartbeat is not None or target.opens_incident(alert) for target in told)
        ]
