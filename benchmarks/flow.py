"""(b) The flow from a real Kafka, one process, nothing published, decisions written; beside a plain loop."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import orjson
from confluent_kafka import Consumer, Producer, TopicPartition

from alerts.alert import Envelope
from alerts.fingerprint import identity, partition_of
from alerts.record import encode
from benchmarks import processes
from benchmarks.bodies import STARTS_AT, alert, labels
from benchmarks.figure import Figure
from connectors.kafka import topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Kafka
    from benchmarks.settings import Bench

_PARTITIONS = 8
ALERTS_A_RECORD = 100
_ALERTS = 400_000


def figures(bench: Bench) -> Iterator[Figure]:
    """Alerts a second, half of them repeats, over what the plain loop does on the same core."""
    kafka = bench.kafka("flow", _PARTITIONS)
    topics.ensure(kafka)
    count = fill(kafka, _ALERTS, repeats=2)
    names = topics.topics(kafka)
    limit = _limit(kafka, names.webhooks, count)
    measured = rate(bench, kafka, names.decisions, count)
    shown = f"consume + orjson decode + encode: {limit:,.0f}/s"
    yield Figure(
        "flow, 100-alert records, half repeats", measured, "alerts/s", shown, measured / limit, "ratio >= 0.12"
    )


def fill(kafka: Kafka, alerts: int, repeats: int = 1, a_record: int = ALERTS_A_RECORD) -> int:
    """Fill the topic with records of `a_record` alerts, each alert `repeats` times; how many there are."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 20})
    topic = topics.topics(kafka).webhooks
    now_ms = time.time_ns() // 1_000_000
    envelope = Envelope("", "alertmanager", "default", "bench", "{}:{}", now_ms)
    shares: dict[int, list[tuple[tuple[int, str, str, str, str, str | None], bytes]]] = {}
    filled = number = 0
    while filled < alerts:
        name = labels(number)
        fingerprint = identity(name, None)
        share = shares.setdefault(partition_of(fingerprint, kafka.partitions), [])
        line = orjson.dumps(alert(number))
        for _ in range(repeats):
            share.append(((len(share), fingerprint, "firing", name["alertname"], STARTS_AT, None), line))
        if len(share) >= a_record:
            partition = partition_of(fingerprint, kafka.partitions)
            webhook = envelope._replace(id=secrets.token_hex(16))
            producer.produce(topic, encode(webhook, share), partition=partition, timestamp=now_ms)
            producer.poll(0)
            filled += len(share)
            share.clear()
        number += 1
    producer.flush()
    return filled


def _limit(kafka: Kafka, topic: str, count: int) -> float:
    arguments = ["-m", "benchmarks.consumer", kafka.bootstrap, topic, str(kafka.partitions), str(count)]
    pinned = ["taskset", "-c", str(processes.SERVER_CORE), sys.executable, *arguments]
    best = 0.0
    for _ in range(3):
        run = subprocess.run(pinned, check=True, capture_output=True, text=True, timeout=120)
        best = max(best, float(run.stdout))
    return best


def rate(bench: Bench, kafka: Kafka, decisions: str, count: int, **sections: object) -> float:
    """Alerts a second between the first and the last record of decisions, by the broker's record times."""
    environment = bench.environment(processes.free_port(), kafka, **sections)
    with processes.running(["-m", "bytewax.run", "flows.proxy"], environment, processes.SERVER_CORE):
        seen, took_ms = _watch(kafka, decisions, count)
        return seen / (took_ms / 1000)


def cpu_s(bench: Bench, kafka: Kafka, count: int, **sections: object) -> float:
    """CPU seconds that the flow takes from its start until it has written so many decisions."""
    environment = bench.environment(processes.free_port(), kafka, **sections)
    ready = f"http://{environment['WINNOW_METRICS_LISTEN']}/readyz"
    with processes.running(["-m", "bytewax.run", "flows.proxy"], environment, processes.SERVER_CORE) as pid:
        processes.wait_for(partial(processes.answers, ready), f"{ready} answers")
        if count:
            _watch(kafka, topics.topics(kafka).decisions, count)
        return processes.cpu_s(pid)


def _watch(kafka: Kafka, decisions: str, count: int) -> tuple[int, int]:
    """Wait for so many decisions; how many there are, and how long after the first the last was written."""
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "bench-watch"})
    consumer.assign([TopicPartition(decisions, partition, 0) for partition in range(kafka.partitions)])
    seen, first_ms, last_ms = 0, 0, 0
    deadline = time.monotonic() + 120
    while seen < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{seen} of {count} decisions within 120 s")
        for message in consumer.consume(100, 0.1):
            if not first_ms:
                first_ms = message.timestamp()[1]
            last_ms = max(last_ms, message.timestamp()[1])
            seen += (message.value() or b"").count(b'"accepted_ms"')
    consumer.close()
    return seen, last_ms - first_ms
