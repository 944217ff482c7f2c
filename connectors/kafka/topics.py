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


def ensure(kafka: Kafka) -> None:
    """Make the topics that are missing.

    Raises:
        KafkaAwayError: No broker answers.
        KafkaError: It may not make a topic, or the webhooks topic has another number of
            partitions than configured.
    """
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap, **kafka.client, "log_level": 0})
    wanted = partitions(kafka)
    found = _found(admin, kafka)
    missing = [
        NewTopic(name, num_partitions=count, replication_factor=kafka.replication)
        for name, count in wanted.items()
        if name not in found
    ]
    for name, future in (admin.create_topics(missing, operation_timeout=ANSWER_TIMEOUT_S) if missing else {}).items():
        try:
            future.result(timeout=2 * ANSWER_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise KafkaError(f"topic {name} is missing and could not be made: {error.args[0].str()}") from error
    name = topics(kafka).webhooks
    if name in found and found[name] != kafka.partitions:
        raise KafkaError(
            f"topic {name} has {found[name]} partitions, winnow.yaml says kafka.partitions: {kafka.partitions}; an "
            "alert's partition and the flow's state depend on that number: set it back, or use another "
            "kafka.topic_prefix"
        )


def _found(admin: AdminClient, kafka: Kafka) -> dict[str, int]:
    try:
        listing = admin.list_topics(timeout=ANSWER_TIMEOUT_S)
    except KafkaException as error:
        raise KafkaAwayError(f"no broker answers at {kafka.bootstrap}: {error.args[0].str()}") from error
    return {name: len(topic.partitions) for name, topic in listing.topics.items() if topic.error is None}


def present(kafka: Kafka) -> None:
    """Check that a broker answers and every topic is there.

    Raises:
        KafkaError: It does not, or one is not.
    """
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap, **kafka.client, "log_level": 0})
    found = _found(admin, kafka)
    missing = [name for name in partitions(kafka) if name not in found]
    if missing:
        raise KafkaError(f"missing topics: {', '.join(missing)}")
