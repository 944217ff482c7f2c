"""The changes of an alert, in the order in which the gateway accepted them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.chaos.evidence import Event


class Transition(NamedTuple):
    """A change of an alert's status."""

    rank: int
    status: str
    starts_at: str
    """Of its first event."""
    starts: frozenset[str]
    """startsAt of all its events, should they differ: after a cold start any may name it."""

    def __str__(self) -> str:
        return f"{self.status} {self.starts_at} (#{self.rank})"


def transitions(events: Iterable[Event]) -> list[Transition]:
    """What changed, in order."""
    found: list[Transition] = []
    for event in events:
        if found and found[-1].status == event.status:
            last = found[-1]
            if event.starts_at != last.starts_at:
                found[-1] = last._replace(starts=last.starts | {event.starts_at})
        else:
            found.append(Transition(len(found), event.status, event.starts_at, frozenset({event.starts_at})))
    return found
