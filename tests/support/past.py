"""A past in lists instead of Kafka, read as Kafka reads it, and what a replay of some of it finds."""

from __future__ import annotations

from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from alerts.alert import Status
from alerts.config import Config
from alerts.record import Stored, split
from flows.again import again
from flows.decided import lines
from tests.support.events import ENVELOPE, STARTS_AT, submission
from tests.support.shelf import TOPICS
from winnow._compared import Comparison
from winnow._moments import milliseconds
from winnow._rejudge import judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from alerts.advice import Advice
    from connectors.request import Message
    from winnow._recorded import Span

MINUTE_MS = 60_000
_PARTITIONS = 1


def config(window: str = "30m", **sections: object) -> Config:
    """One that tells nobody, with this window."""
    return Config.model_validate({
        "kafka": {"partitions": _PARTITIONS}, "dedup": {"window": window}, "targets": [], **sections
    })  # fmt: skip


class Event(NamedTuple):
    """One alert of one webhook."""

    at_ms: int
    """When it comes, by the flow's clock."""
    name: str = "Disk"
    status: str = "firing"
    starts_at: str = STARTS_AT
    ends_at: str | None = None
    expired_ms: int = 0
    ahead_ms: int = 0
    """By how much its gateway's clock is ahead of the flow's."""
    number: int | None = None
    """In place of its place in the history: of what comes a second time."""
    is_cut: bool = False
    """Its line cannot be read."""


def webhook(number: int, event: Event) -> Stored:
    """Its record, `number` its place in the history."""
    told = submission(event.name)._replace(
        status=Status(event.status), starts_at=event.starts_at, ends_at=event.ends_at
    )
    accepted_ms = event.at_ms + event.ahead_ms
    envelope = ENVELOPE._replace(id=id_of(number, event)[:-2], accepted_ms=accepted_ms, expired_ms=event.expired_ms)
    ((partition, value),) = split(envelope, [told], _PARTITIONS)
    return Stored(partition, number, accepted_ms, value[:-1] if event.is_cut else value)


def id_of(number: int, event: Event) -> str:
    """Its input id."""
    return f"{number if event.number is None else event.number:032x}-0"


class Past:
    """What some configuration decided about these webhooks, each decision in a record of its own."""

    def __init__(
        self, of: Config, events: Sequence[Event], advice: Mapping[str, Advice] = MappingProxyType({})
    ) -> None:
        """`advice` is what the model said, by input id."""
        webhooks = [webhook(number, event) for number, event in enumerate(events)]
        at_ms: dict[str, list[int]] = defaultdict(list)
        for number, event in enumerate(events):
            at_ms[id_of(number, event)].append(event.at_ms)
        decisions: list[Stored] = []

        def take(message: Message) -> None:
            for id_, text in lines(message.value):
                value = b'{"v":1,"config":"c","decisions":[{"id":"' + text + b"]}"
                decisions.append(Stored(message.partition or 0, 0, at_ms[id_.decode()].pop(0), value))

        again(of, webhooks, advice, take)
        self.topics = {TOPICS.webhooks: webhooks, TOPICS.decisions: decisions}

    def counts(self, topic: str, since: datetime) -> dict[int, int]:
        """How many."""
        return {one: len([*self.records(topic, since, [one])]) for one in range(_PARTITIONS)}

    def records(self, topic: str, since: datetime, among: Sequence[int]) -> Iterator[Stored]:
        """As `offsetsForTimes` has it: each partition from the first record that is as new, whatever comes after."""
        held: dict[int, list[Stored]] = defaultdict(list)
        for record in self.topics[topic]:
            if record.partition in among and (held[record.partition] or record.accepted_ms >= milliseconds(since)):
                held[record.partition].append(record)
        return (record for partition in held.values() for record in partition)


def replayed(past: Past, by: Config, span: Span) -> Comparison:
    """What a replay finds."""
    found = Comparison(span)
    judge(past, by, span, found)
    return found
