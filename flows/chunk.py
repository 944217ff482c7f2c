"""What streams between the steps: the alerts of one partition in columns, one column more after each step."""

from __future__ import annotations

from itertools import chain, repeat
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from alerts.alert import Alert, Arrival
    from alerts.decision import Delivery, Verdict
    from alerts.retry import Retry
    from flows.steps.classify import Judged
    from flows.steps.dedup import Seen
    from flows.steps.route import Routing


class Unreadable(NamedTuple):
    """A record, or a line of one, that could not be read."""

    offset: int
    """Of the record; of a line, of the record it stands in."""
    accepted_ms: int
    reason: str
    body: bytes


class Judging(NamedTuple):
    """What the answer to a sender that waits tells of a classification, beside what the decision does."""

    recommendations: tuple[str, ...]
    at_ms: int
    took_ms: float


class Chunk(NamedTuple):
    """Some alerts of one partition, in the order accepted."""

    partition: int
    arrivals: list[Arrival]
    unreadable: list[Unreadable]
    records: list[tuple[int, int]]
    """(offset, alerts) of the records the arrivals came in, in their order."""
    seen: Sequence[Seen] = ()
    """After dedup: one for each arrival."""
    alerts: Sequence[Alert] = ()
    """After dedup: those that told something new, decoded. The columns below belong to these."""
    transitions: Sequence[str] = ()
    judged: Sequence[Judged] = ()
    filtered: Sequence[Verdict] = ()
    routed: Sequence[Routing] = ()
    planned: Sequence[list[Delivery]] = ()
    retry: Retry | None = None
    """A dead letter that comes back, alone in its chunk so that it keeps its place in the order: all else is empty, but
    its record, of which no alert comes."""
    recalled: Verdict | None = None
    """After dedup: whether the retry goes on."""
    is_awaited: bool = False
    """Whether somebody waits for the answer to one of its alerts."""
    judging: Mapping[str, Judging] = MappingProxyType({})
    """By input id, only of a chunk that is awaited."""


def offsets(chunk: Chunk) -> Iterator[int]:
    """Of each arrival the offset of its record."""
    return chain.from_iterable(repeat(offset, count) for offset, count in chunk.records)
