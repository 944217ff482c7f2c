"""The topics: their names, and making those that are missing."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from alerts.errors import KafkaAwayError, KafkaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confluent_kafka.admin import TopicMetadata  # type: ignore[attr-defined]

    from alerts.config import Kafka

log = structlog.get_logger()

ANSWER_TIMEOUT_S = 5.0
_LOOK_EVERY_S = 0.05
# librdkafka waits up to 10 s before it connects again, and 5 min before it asks again whether a topic is there and
# may be written: too long for senders that are being told to come back.
RECOVERY = {"reconnect.backoff.max.ms": "1000", "topic.metadata.refresh.interval.ms": "10000"}
# Gateway processes share them: each reads one and leaves out what is for others.
_REPLIES_PARTITIONS = 4
# Nobody waits for longer than some minutes, and Kafka's own default would keep them for a week.
_REPLIES_SETTINGS = {"retention.ms": "600000", "segment.ms": "600000"}


class Topics(NamedTuple):
    """Names of the topics."""

    webhooks: str
    decisions: str
    quarantine: str
    dead_letters: str
    replies: str
    """What gateways wait for; nothing is promised of it and nothing in it is old."""
    names: str
    """Which names the decisions have (`flows/names.py`)."""


def topics(kafka: Kafka) -> Topics:
    """The topics' names under the configured prefix."""
    words = ("webhooks", "decisions", "quarantine", "dead-letters", "replies", "names")
    return Topics(*(f"{kafka.topic_prefix}.{word}" for word in words))


def shadow(kafka: Kafka) -> str:
    """The topic that holds what a candidate decides; it is there only where there was one."""
    return f"{kafka.topic_prefix}.shadow"


def partitions(kafka: Kafka) -> dict[str, int]:
    """How many partitions each topic has: webhooks and decisions as configured, the rare ones one."""
    names = topics(kafka)
    return {
        names.webhooks: kafka.partitions,
        names.decisions: kafka.partitions,
        names.quarantine: 1,
        names.dead_letters: 1,
        names.replies: _REPLIES_PARTITIONS,
        names.names: 1,
    }


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
        NewTopic(name, count, kafka.replication, config=_REPLIES_SETTINGS if name == topics(kafka).replies else {})
        for name, count in partitions(kafka).items()
        if name not in found
    ]
    if missing:
        made = _make(client, missing, _dispensable(topics(kafka)))
        _await_leaders(client, kafka, made)
    for name in (topics(kafka).webhooks, topics(kafka).decisions):
        if name in found and found[name] != kafka.partitions:
            raise KafkaError(
                f"topic {name} has {found[name]} partitions, winnow.yaml says kafka.partitions: {kafka.partitions}; "
                "an alert's partition and the flow's state depend on that number: set it back, or use another "
                "kafka.topic_prefix"
            )


def is_there(kafka: Kafka, topic: str) -> bool:
    """Whether there is such a topic; where no broker tells, there may be."""
    try:
        return topic in _found(admin(kafka), kafka, ANSWER_TIMEOUT_S)
    except KafkaAwayError:
        return True


def ensure_shadow(kafka: Kafka) -> None:
    """Make the shadow topic if it is missing.

    Raises:
        KafkaAwayError: No broker answers.
        KafkaError: It may not be made, or has another number of partitions than the webhooks topic.
    """
    client, name = admin(kafka), shadow(kafka)
    found = _found(client, kafka, ANSWER_TIMEOUT_S).get(name)
    if found is None:
        _await_leaders(client, kafka, _make(client, [NewTopic(name, kafka.partitions, kafka.replication)], {}))
    elif found != kafka.partitions:
        raise KafkaError(f"topic {name} has {found} partitions, winnow.yaml says kafka.partitions: {kafka.partitions}")


def _dispensable(names: Topics) -> dict[str, str]:
    """Topics without which a Winnow that was updated works, for it may lack the right to make them; and how."""
    return {
        names.replies: "nobody can wait for an answer (Prefer: wait)",
        names.names: "winnow explain reads all decisions for a name",
    }


def _make(client: AdminClient, missing: list[NewTopic], dispensable: Mapping[str, str]) -> set[str]:
    """The names of those that are there now."""
    made = set()
    for name, future in client.create_topics(missing, operation_timeout=ANSWER_TIMEOUT_S).items():
        try:
            future.result(timeout=2 * ANSWER_TIMEOUT_S)
        except TimeoutError as error:
            raise KafkaAwayError(f"topic {name} is missing and the broker makes none in time") from error
        except KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                if name not in dispensable:
                    raise KafkaError(f"topic {name} is missing and could not be made: {error.args[0].str()}") from error
                _warn_once(name, error.args[0].str(), dispensable[name])
                continue
        made.add(name)
    return made


def _await_leaders(client: AdminClient, kafka: Kafka, made: set[str]) -> None:
    """Wait until brokers lead the partitions of topics that were made just now.

    A broker that does not know yet that it leads refuses a batch, which is tried again. It may take the next one
    meanwhile, for of a producer it has never seen it takes any sequence number: the order would be another.
    """
    deadline = time.monotonic() + ANSWER_TIMEOUT_S
    while not made <= _led(client, kafka):
        if time.monotonic() >= deadline:
            raise KafkaAwayError(f"no broker leads all partitions of {', '.join(sorted(made))} yet")
        time.sleep(_LOOK_EVERY_S)


def _led(client: AdminClient, kafka: Kafka) -> set[str]:
    return {name for name, topic in _listed(client, kafka, ANSWER_TIMEOUT_S).items() if _is_led(topic)}


def _is_led(topic: TopicMetadata) -> bool:
    return topic.error is None and all(one.error is None and one.leader >= 0 for one in topic.partitions.values())


@cache
def _warn_once(name: str, error: str, so: str) -> None:
    log.warning("topic_not_made", topic=name, error=error, so=so)


def _found(client: AdminClient, kafka: Kafka, timeout_s: float) -> dict[str, int]:
    listed = _listed(client, kafka, timeout_s)
    return {name: len(topic.partitions) for name, topic in listed.items() if topic.error is None}


def _listed(client: AdminClient, kafka: Kafka, timeout_s: float) -> dict[str, TopicMetadata]:
    try:
        return client.list_topics(timeout=timeout_s).topics
    except KafkaException as error:
        raise KafkaAwayError(f"no broker answers at {kafka.bootstrap}: {error.args[0].str()}") from error
