"""The whole flow on Bytewax's own source and sink: records in, messages out, every delivery ended at once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bytewax.operators import StatefulBatchLogic
from bytewax.testing import TestingSink, TestingSource, run_main

from alerts.alert import Envelope
from alerts.decision import Delivery, Outcome
from alerts.delivery_json import Plain
from alerts.record import Stored, split
from connectors.job import Ended
from connectors.kafka.topics import Topics
from connectors.request import Message
from flows.parts import Parts
from flows.plan import Closing
from flows.proxy import connect
from flows.steps.classify import Classify
from flows.steps.convert import Convert
from flows.steps.dedup import Dedup
from flows.steps.filter import Filter
from flows.steps.route import Route
from flows.trail import Trail
from tests.support.events import NOW_MS, read

if TYPE_CHECKING:
    from collections.abc import Iterable

PARTITIONS = 4
TOPICS = Topics("w.webhooks", "w.decisions", "w.quarantine", "w.dead-letters", "w.replies", "w.names")

Messages = list[tuple[str, Message]]
Rows = list[dict[str, Any]]


class EndsAtOnce(StatefulBatchLogic[Delivery, Ended, Plain]):
    """A lane whose target takes everything in no time."""

    def on_batch(self, values: list[Delivery]) -> tuple[Iterable[Ended], bool]:
        ended = [Ended(one, Outcome.DELIVERED, 1, 200, "", one.alert.envelope.accepted_ms) for one in values]
        return ended, StatefulBatchLogic.RETAIN

    def snapshot(self) -> Plain:
        return {}


def parts(records: Iterable[Stored], sink: Messages, **changes: object) -> Parts:
    """Parts without targets and rules; `changes` put others in their place."""
    made = Parts(
        kafka=TestingSource([(str(record.partition), record) for record in records], batch_size=2),
        convert=Convert(),
        dedup=Dedup(timedelta(hours=4)),
        classify=Classify(),
        filter=Filter([]),
        route=Route([], []),
        closing=Closing([]),
        publish=lambda _: EndsAtOnce(),
        trail=Trail(TOPICS, PARTITIONS, "0123456789ab"),
        messages=TestingSink(sink),
    )
    return made._replace(**changes)  # type: ignore[arg-type]


def run(records: Iterable[Stored], **changes: object) -> Messages:
    """All messages that come of `records`, each with its key."""
    sink: Messages = []
    run_main(connect(parts(list(records), sink, **changes)))  # type: ignore[no-untyped-call]
    return sink


def webhook(*alerts: dict[str, object], number: int = 0) -> list[Stored]:
    """The records the gateway makes of an Alertmanager body, accepted `number` minutes after the first."""
    body = json.dumps({"receiver": "team", "groupKey": "{}:{}", "alerts": alerts}).encode()
    read_ = read(body)
    assert not read_.rejected, read_.rejected
    at_ms = NOW_MS + number * 60_000
    envelope = Envelope(f"{number:032x}", "alertmanager", "default", read_.receiver, read_.group_key, at_ms)
    records = split(envelope, read_.submissions, PARTITIONS)
    return [Stored(partition, number, at_ms, value) for partition, value in records]


def rows(messages: Messages, word: str) -> Rows:
    """All decisions, or all outcomes, in the order written."""
    values = [json.loads(message.value) for _, message in messages if message.topic == TOPICS.decisions]
    return [row for value in values for row in value.get(word, [])]
