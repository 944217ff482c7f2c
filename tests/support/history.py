"""Alerts of the past in a broker, with what a flow of some configuration decided about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from alerts.alert import Status
from alerts.record import Stored, split
from flows.again import again
from tests.support.events import ENVELOPE, submission
from tests.support.shelf import PARTITIONS, TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alerts.config import Config
    from connectors.request import Message
    from tests.support.shelf import Shelf


def event(number: int, at_ms: int, status: str = "firing", starts_at: str | None = None, **labels: str) -> Stored:
    """A record of one alert, `number` its place in the history."""
    name = labels.pop("alertname", "Disk")
    told = submission(name, 0, **labels)
    told = told._replace(status=Status(status), starts_at=starts_at or told.starts_at)
    envelope = ENVELOPE._replace(id=f"{number:032x}", accepted_ms=at_ms)
    ((partition, value),) = split(envelope, [told], PARTITIONS)
    return Stored(partition, number, at_ms, value)


def decided(config: Config, records: Iterable[Stored]) -> list[Message]:
    """What a flow that began before all of them has written."""
    told: list[Message] = []
    again(config, records, {}, told.append)
    return [message for message in told if message.topic == TOPICS.decisions]


def keep(shelf: Shelf, records: Sequence[Stored], decisions: Iterable[Message] = ()) -> None:
    """Put both where they lie, each as of the moment it tells of: the flow was never behind."""
    for record in records:
        shelf.put(TOPICS.webhooks, [record.value], record.accepted_ms, record.partition)
    for message in decisions:
        assert message.partition is not None
        shelf.put(TOPICS.decisions, [message.value], _written_ms(message), message.partition)


def _written_ms(message: Message) -> int:
    ((*_, last),) = (rows for rows in orjson.loads(message.value).values() if isinstance(rows, list))
    return int(last.get("ended_ms", last["accepted_ms"]))
