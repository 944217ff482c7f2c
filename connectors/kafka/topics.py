"""The four topics: their names, and making those that are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from alerts.errors import KafkaAwayError, KafkaError

if TYPE_CHECKING:
    from alerts.config import Kafka

ANSWER_TIMEOUT_S = 5.0
# librdkafka waits up to 10 s before it connects again, and 5 min before it asks again whether a topic is there and
# may be written: too long for senders that are being told to come back.
RECOVERY = {"reconnect.backoff.max.ms": "1000", "topic.metadata.refresh.interval.ms": "10000"}


class Topics(NamedTuple):
    """Names of the topics."""

    webhooks: str
    decisions: str
    quarantine: str
    dead_letters: str


def topics(kafka: Kafka) -> Topics:
    """The topics' names under the configured prefix."""
    return Topics(*(f"{kafka.topic_prefix}.{word}" for word in ("webhooks", "decisions", "quarantine", "dead-letters")))


def partitions(kafka: Kafka) -> dict[str, int]:
    """How many partitions each topic has: webhooks and decisions as configured, the rare ones one."""
    webhooks, decisions, quarantine, dead_letters = topics(kafka)
    return {webhooks: kafka.partitions, decisions: kafka.partitions, quarantine: 1, dead_letters: 1}


def admin(kafka: Kafka) -> AdminClient:
    """A client that lists and makes topics.

    Raises:
        KafkaError: librdkafka refuses `kafka.client`.
    """
    settings: dict[str, str | int | float | bool] = {
        "bootstrap.servers": kafka.bootstrap,
        **RECOVERY,
        **kafka.client,
        "log_level": 0,
    }
    try:
        return AdminClient(settings)
    except KafkaException as error:
        raise KafkaError(f"kafka.client: {error.args[0].str()}") from error


def ensure(kafka: Kafka, client: AdminClient | None = None, timeout_s: float = ANSWER_TIMEOUT_S) -> None:
    """Make the topics that are missing.

    Args:
        kafka: Where and how they should be.
        client: One to use again and again; None: one for this call.
        timeout_s: How long to wait for a broker.

    Raises:
        KafkaAwayError: No broker answers.
        KafkaError: It may not make a topic, or one that is keyed by alert has another number of partitions than
            configured.
    """
    client = client or admin(kafka)
    found = _found(client, kafka, timeout_s)
    missing = [
        NewTopic(name, num_partitions=count, replication_factor=kafka.replication)
        for name, count in partitions(kafka).items()
        if name not in found
    ]
    if missing:
        _make(client, missing)
    for name in (topics(kafka).webhooks, topics(kafka).decisions):
        if name in found and found[name] != kafka.partitions:
            raise KafkaError(
                f"topic {name} has {found[name]} partitions, winnow.yaml says kafka.partitions: {kafka.partitions}; "
                "an alert's partition and the flow's state depend on that number: set it back, or use another "
                "kafka.topic_prefix"
            )


def _make(client: AdminClient, missing: list[NewTopic]) -> None:
    for name, future in client.create_topics(missing, operation_timeout=ANSWER_TIMEOUT_S).items():
        try:
            future.result(timeout=2 * ANSWER_TIMEOUT_S)
        except TimeoutError as error:
            raise KafkaAwayError(f"topic {name} is missing and the broker makes none in time") from error
        except KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise KafkaError(f"topic {name} is missing and could not be made: {error.args[0].str()}") from error


def _found(client: AdminClient, kafka: Kafka, timeout_s: float) -> dict[str, int]:
    try:
        listing = client.list_topics(timeout=timeout_s)
    except KafkaException as error:
        raise KafkaAwayError(f"no broker answers at {kafka.bootstrap}: {error.args[0].str()}") from error
    return {name: len(topic.partitions) for name, topic in listing.topics.items() if topic.error is None}
