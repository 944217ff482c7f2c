"""A Kafka with the history of a flow, and the targets that `winnow replay --send` tells of it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from alerts.decision import Verdict
from alerts.fingerprint import partition_of
from alerts.instant import rfc3339
from connectors.configuration import load
from connectors.inbox import Inbox
from connectors.job import Ended
from flows.again import again
from flows.chunk import Chunk
from flows.trail import Trail
from tests.support.history import decided, event, keep
from tests.support.moment import now_ms
from tests.support.shelf import PARTITIONS, TOPICS, Shelf, shelf

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from alerts.config import Config
    from alerts.decision import Delivery, Outcome
    from alerts.record import Stored
    from alerts.retry import Retry
    from connectors.arrival import Arrival
    from connectors.request import Message

MINUTE_MS = 60_000
SETTINGS = """
targets:
  - {{name: oncall, kind: webhook, url: '{url}/oncall', allow_private: true}}
  - {{name: other, kind: webhook, url: '{url}/other', allow_private: true}}
  - {{name: off, kind: webhook, url: '{url}/off', allow_private: true, enabled: false}}
dedup: {{window: 30m}}
publish: {{backoff: 1ms}}
"""


class World(NamedTuple):
    """A Kafka with a history, and the targets."""

    shelf: Shelf
    inbox: Inbox
    told: list[Arrival]

    def send(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        result = self.shelf.winnow(
            "replay", "--since", "1d", "--send", "--target", "oncall", "-o", "json", *(arguments or ("--yes",))
        )
        return result.exit_code, json.loads(result.stdout)

    def recalled(self, retry: Retry) -> None:
        """The flow has taken this dead letter on again, just now."""
        chunk = Chunk(partition_of(retry.delivery.alert.fingerprint, PARTITIONS), [], [], [], retry=retry)
        trail = Trail(TOPICS, PARTITIONS, "c")
        for _, message in trail.of_chunk(chunk._replace(recalled=Verdict("retried", "letter", {}))):
            self.shelf.put(message.topic, [message.value], partition=message.partition or 0)

    def states(self) -> list[tuple[str, str]]:
        bodies = [one.body for one in self.told if isinstance(one.body, dict)]
        return [(body["labels"]["team"], body["status"]) for body in bodies]


@contextmanager
def world(folder: Path, settings: str = SETTINGS) -> Iterator[World]:
    told: list[Arrival] = []
    inbox = Inbox("127.0.0.1:0", lambda arrival, _: told.append(arrival))
    try:
        with shelf(folder, settings.format(url=inbox.url)) as held:
            yield World(held, inbox, told)
    finally:
        inbox.close()


def at(minutes_ago: int, team: str, status: str = "firing") -> Stored:
    """An event of the alert of this team."""
    number = minutes_ago * 100 + ord(team[0])
    return event(number, now_ms() - minutes_ago * MINUTE_MS, status, rfc3339(now_ms() - 240 * MINUTE_MS), team=team)


def planned(records: Sequence[Stored], config: Config | None = None) -> list[Delivery]:
    """What the flow planned for oncall; None: the flow of the winnow.yaml that is there."""
    found: list[Delivery] = []
    again(config or load(needs_sources=False), records, {}, lambda _: None, plan=found.append)
    return [one for one in found if one.target == "oncall"]


def outcomes(ends: dict[str, Outcome], records: Sequence[Stored]) -> Iterator[Message]:
    """What became of what was planned for each team, the same for all of a team."""
    trail = Trail(TOPICS, PARTITIONS, "c")
    for delivery in planned(records):
        outcome = ends.get(delivery.alert.labels["team"])
        if outcome is not None:
            end = Ended(delivery, outcome, 1, 503, "", delivery.alert.envelope.accepted_ms + 1)
            yield from (message for _, message in trail.of_ended([end]) if message.topic == TOPICS.decisions)


def history(made: World, records: Sequence[Stored], **ends: Outcome) -> None:
    """Webhooks, decisions, and outcomes of those that had one."""
    messages = decided(load(needs_sources=False), records)
    keep(made.shelf, records, [*messages, *outcomes(ends, records)])
