"""What `winnow doctor` asks Kafka."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from alerts import fitness
from alerts.errors import KafkaAwayError, KafkaError
from alerts.finding import Finding, State
from connectors import address
from connectors.kafka.doorstep import Got, furthest
from connectors.kafka.facts import Facts, facts, newest_ms, unread
from connectors.kafka.topics import partitions, shadow, topics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alerts.config import Config
    from alerts.fitness import TopicFacts

_MISSING = "gateway and flow make it when they start; if they run, kafka.topic_prefix or kafka.bootstrap is not theirs"
_NO_SHADOW = "the flow makes it when it starts with `shadow`; if it runs so, see what it logs (no_shadow)"
KAFKA = "kafka"
# Beside the time that was spent on asking already.
_CONNECT_S = 2.0


class Examined(NamedTuple):
    """What Kafka said, for those who ask further."""

    findings: list[Finding]
    facts: Facts | None
    """None: it is not reachable."""


def examine(config: Config, more: list[str], timeout_s: float) -> Examined:
    """Whether Kafka is there and its topics are as they should be; `more` are topics that others will ask about.

    No finding is left out: where nothing can be asked it says so.
    """
    names = _names(config)
    try:
        found = facts(config.kafka, [*names, *more], timeout_s)
    except KafkaError as error:
        skipped = [Finding(f"topic {name}", State.SKIPPED, "Kafka is not reachable") for name in names]
        return Examined([_away(config, error, timeout_s), *skipped], None)
    return Examined([_reached(config, found), *_topics(config, found)], found)


def _names(config: Config) -> list[str]:
    """The topics that there should be."""
    return [*partitions(config.kafka), *([] if config.shadow is None else [shadow(config.kafka)])]


def _away(config: Config, error: KafkaError, timeout_s: float) -> Finding:
    """How far one gets, and what is next."""
    if not isinstance(error, KafkaAwayError):
        return Finding(KAFKA, State.FAILED, str(error), "correct kafka.client in winnow.yaml")
    address, got = furthest(config.kafka.bootstrap, min(timeout_s, _CONNECT_S))
    given = "KAFKA_BOOTSTRAP" if os.environ.get("KAFKA_BOOTSTRAP") else "kafka.bootstrap in winnow.yaml"
    spoken = config.kafka.client.get("security.protocol", "PLAINTEXT")
    todo = {
        Got.NO_NAME: f"correct {given}, or the name service of this machine",
        Got.NO_WAY: f"open the way to {address} (firewall, network, VPN), or correct {given}",
        Got.NOBODY: f"start Kafka at {address}, or correct {given}; for trying out, `winnow run` brings a broker",
        Got.SOMEBODY: f"is it Kafka? it is spoken to in {spoken}: for TLS or SASL set kafka.client, such as "
        "{security.protocol: SASL_SSL, sasl.mechanism: ..., sasl.username: ..., sasl.password: ...}",
    }[got]
    return Finding(KAFKA, State.FAILED, f"no broker answers at {config.kafka.bootstrap}: {address}: {got.value}", todo)


def _reached(config: Config, found: Facts) -> Finding:
    if found.is_embedded:
        told = f"a broker in memory answers at {config.kafka.bootstrap}, for trying out: all is lost at its end"
        return Finding(KAFKA, State.WARNING, told, "set KAFKA_BOOTSTRAP to a Kafka that keeps what it acknowledges")
    brokers = "1 broker" if found.brokers == 1 else f"{found.brokers} brokers"
    return Finding(KAFKA, State.OK, f"{brokers} at {config.kafka.bootstrap}")


def _topics(config: Config, found: Facts) -> Iterator[Finding]:
    names = topics(config.kafka)
    of_webhooks, of_decisions = fitness.needs(config)
    beside = shadow(config.kafka)
    needs = {names.webhooks: of_webhooks, names.decisions: of_decisions, beside: ()}
    for name in _names(config):
        topic = found.topics.get(name)
        if topic is None:
            todo = _NO_SHADOW if name == beside else _MISSING
            yield Finding(f"topic {name}", State.WARNING, "is not there", todo)
            continue
        wanted = config.kafka.partitions if name in needs else None
        yield fitness.topic(name, topic, (wanted, config.kafka.replication), needs.get(name, ()))


def lag(config: Config, topic: TopicFacts | None, timeout_s: float) -> list[Finding]:
    """How far the flow is behind."""
    flow_url = address.url(config.flow.metrics_listen, "/readyz")
    check = f"flow (group {config.flow.group})"

    def ask(name: str, count: int) -> Finding:
        found = unread(config.kafka, config.flow.group, name, count, timeout_s)
        return fitness.lag(config.flow.group, found, _now_ms(), config.publish.deadline.others, flow_url)

    return [_asked(check, topics(config.kafka).webhooks, topic, ask)]


def clock(config: Config, name: str, facts_: Facts | None, timeout_s: float) -> list[Finding]:
    """Whether a topic holds records of the future."""
    check = f"clocks ({name})"
    topic = None if facts_ is None else facts_.topics.get(name)
    if facts_ is not None and facts_.is_embedded:
        return [Finding(check, State.SKIPPED, "a broker in memory finds no record by its time")]

    def ask(name: str, count: int) -> Finding:
        return fitness.clock(check, newest_ms(config.kafka, name, count, timeout_s), _now_ms())

    return [_asked(check, name, topic, ask)]


def _asked(check: str, name: str, topic: TopicFacts | None, ask: Callable[[str, int], Finding]) -> Finding:
    if topic is None:
        return Finding(check, State.SKIPPED, f"there is no topic {name}, or Kafka is not reachable")
    try:
        return ask(name, topic.partitions)
    except KafkaError as error:
        return Finding(check, State.FAILED, str(error), "see what the brokers log, and which rights kafka.client has")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
