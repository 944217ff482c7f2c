"""What lies in Kafka about some alerts: how they stand, and what was retried of them already."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from alerts.errors import FormatError
from alerts.fingerprint import partition_of
from alerts.record import decode
from alerts.retry import RETRY_OF, is_retry
from alerts.standing import Standing
from connectors.kafka.scan import stored
from connectors.kafka.topics import topics
from winnow._archive import Archive
from winnow._output import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confluent_kafka import Message as Consumed

    from alerts.config import Config
    from alerts.record import Stored

# The clocks of gateways, flow and brokers differ.
CLOCKS_DIFFER = timedelta(minutes=5)


class Mark(NamedTuple):
    """A record that was written by a retry."""

    place: str
    """Its own: `partition/offset` in the webhooks topic."""
    inputs: frozenset[str]
    """The alerts in it, by input id; none if it is a dead letter, or cannot be read."""


class Past(NamedTuple):
    """What was found."""

    standing: Standing
    marks: dict[str, list[Mark]]
    """By the place of what it is a retry of."""


def past(config: Config, since_ms: int, fingerprints: Iterable[str], among: Iterable[int] = ()) -> Past:
    """What lies in the partitions of these alerts, and in those `among`, since some moment.

    Raises:
        KafkaError: A topic is missing, or no broker answers.
    """
    wanted = set(fingerprints)
    names = topics(config.kafka)
    archive = Archive(config.kafka)
    count = len(archive.partitions(names.webhooks))
    since = datetime.fromtimestamp(max(0, since_ms) / 1000, UTC) - CLOCKS_DIFFER
    partitions = sorted({partition_of(fingerprint, count) for fingerprint in wanted} | set(among))
    found = Past(Standing(wanted), {})
    for message in shown(names.webhooks, archive.messages(names.webhooks, since, partitions)):
        record = stored(message)
        found.standing.event(record)
        name = _retry_of(message)
        if name is not None:
            found.marks.setdefault(name, []).append(_mark(record))
    for record in shown(names.decisions, archive.records(names.decisions, since, partitions)):
        found.standing.decide(record.value)
    return found


def _retry_of(message: Consumed) -> str | None:
    # confluent-kafka's types also allow a dict, which only producing takes.
    headers = dict(message.headers() or ())
    value = headers.get(RETRY_OF)
    return value.decode("ascii", "replace") if isinstance(value, bytes) else value


def _mark(record: Stored) -> Mark:
    inputs: frozenset[str] = frozenset()
    if not is_retry(record.value):
        with suppress(FormatError):
            inputs = frozenset(arrival.id for arrival in decode(record.value, record.accepted_ms))
    return Mark(f"{record.partition}/{record.offset}", inputs)
