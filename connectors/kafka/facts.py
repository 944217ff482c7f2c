"""How a Kafka is set up and how far a group has read, asked without changing anything."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import ConfigResource, OffsetSpec, ResourceType  # type: ignore[attr-defined]

from alerts.errors import KafkaAwayError, KafkaError
from alerts.fitness import TopicFacts, Unread
from connectors.kafka.patience import patiently
from connectors.kafka.topics import admin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from confluent_kafka.admin import AdminClient, ClusterMetadata, TopicMetadata  # type: ignore[attr-defined]

    from alerts.config import Kafka

# It has no settings, and a request for them waits until its time is up (connectors/kafka/embedded.py).
_EMBEDDED = "mockCluster"


class Facts(NamedTuple):
    """What a broker said."""

    brokers: int
    is_embedded: bool
    topics: Mapping[str, TopicFacts]
    """Those of the wanted that are there."""


def facts(kafka: Kafka, wanted: Iterable[str], timeout_s: float) -> Facts:
    """How the brokers and these topics are.

    Raises:
        KafkaError: No broker answers in time.
    """
    client = admin(kafka)
    try:
        listing: ClusterMetadata = client.list_topics(timeout=timeout_s)
    except KafkaException as error:
        raise KafkaAwayError(f"no broker answers at {kafka.bootstrap}: {error.args[0].str()}") from error
    is_embedded = str(listing.cluster_id).startswith(_EMBEDDED)
    there = {name: listing.topics[name] for name in wanted if name in listing.topics}
    there = {name: topic for name, topic in there.items() if topic.error is None and topic.partitions}
    settings = {} if is_embedded else _settings(client, there, timeout_s)
    return Facts(
        len(listing.brokers), is_embedded, {name: _of(topic, settings.get(name)) for name, topic in there.items()}
    )


def _of(topic: TopicMetadata, settings: Mapping[str, str] | None) -> TopicFacts:
    parts = topic.partitions.values()
    return TopicFacts(
        len(parts),
        min(len(part.replicas) for part in parts),
        min(len(part.isrs) for part in parts),
        sum(part.leader < 0 for part in parts),
        settings,
    )


def _settings(client: AdminClient, names: Iterable[str], timeout_s: float) -> dict[str, Mapping[str, str]]:
    """Kafka's settings of each topic that may be asked for them."""
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    found: dict[str, Mapping[str, str]] = {}
    for resource, future in (
        client.describe_configs(resources, request_timeout=timeout_s) if resources else {}
    ).items():
        try:
            entries = future.result(timeout=timeout_s)
        except (KafkaException, TimeoutError):
            continue
        found[resource.name] = {name: entry.value for name, entry in entries.items() if entry.value is not None}
    return found


def newest_ms(kafka: Kafka, topic: str, partitions: int, timeout_s: float) -> int | None:
    """The latest time that a record of a topic carries; None if it holds none, or the broker cannot tell.

    Raises:
        KafkaError: It does not answer.
    """
    newest = OffsetSpec.max_timestamp()  # type: ignore[no-untyped-call]
    asked = {TopicPartition(topic, number): newest for number in range(partitions)}
    client = admin(kafka)  # kept until it has answered
    futures = client.list_offsets(asked, request_timeout=timeout_s)
    try:
        times = [future.result(timeout=timeout_s).timestamp for future in futures.values()]
    except TimeoutError as error:
        raise KafkaError(f"{kafka.bootstrap} does not tell the times of {topic} within {timeout_s:g} s") from error
    except KafkaException as error:
        raise KafkaError(f"asking {kafka.bootstrap} for the times of {topic}: {error.args[0].str()}") from error
    return max((ms for ms in times if ms >= 0), default=None)


def unread(kafka: Kafka, group: str, topic: str, partitions: int, timeout_s: float) -> Unread:
    """What a group has not read of a topic; it is not joined, and nothing is committed.

    Raises:
        KafkaError: The broker refuses, or does not answer in time.
    """
    settings = {"bootstrap.servers": kafka.bootstrap, "log_level": 0, **kafka.client, "group.id": group}
    try:
        consumer = Consumer({**settings, "enable.auto.commit": False, "auto.offset.reset": "earliest"})
    except KafkaException as error:
        raise KafkaError(f"kafka.client: {error.args[0].str()}") from error
    try:
        places = [TopicPartition(topic, number) for number in range(partitions)]
        committed = patiently(lambda: consumer.committed(places, timeout=timeout_s), timeout_s)
        starts: list[TopicPartition] = []
        records = 0
        for place in committed:
            low, high = patiently(
                partial(consumer.get_watermark_offsets, TopicPartition(topic, place.partition), timeout=timeout_s),
                timeout_s,
            )
            first = max(low, place.offset)
            if first < high:
                records += high - first
                starts.append(TopicPartition(topic, place.partition, first))
        oldest_ms = _oldest_ms(consumer, starts, timeout_s)
        return Unread(records, oldest_ms, any(place.offset >= 0 for place in committed))
    except KafkaException as error:
        raise KafkaError(f"asking {kafka.bootstrap} about group {group}: {error.args[0].str()}") from error
    finally:
        consumer.close()


def _oldest_ms(consumer: Consumer, starts: list[TopicPartition], timeout_s: float) -> int | None:
    """The time of the oldest of the records there; None if none comes in time."""
    if not starts:
        return None
    consumer.assign(starts)
    times: dict[int | None, int] = {}
    deadline = time.monotonic() + timeout_s / 2
    while len(times) < len(starts) and time.monotonic() < deadline:
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            times.setdefault(message.partition(), message.timestamp()[1])
    return min(times.values(), default=None)
