"""(b) The flow from a real Kafka, one process, nothing published, decisions written; beside a plain loop."""

from __future__ import annotations

import itertools
import secrets
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import orjson
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, Producer, TopicPartition

from alerts.alert import Envelope
from alerts.fingerprint import identity, partition_of
from alerts.record import encode
from benchmarks import processes
from benchmarks.bodies import STARTS_AT, alert, labels
from benchmarks.figure import Figure
from connectors.kafka import topics
from flows.decided import lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alerts.config import Kafka
    from benchmarks.settings import Bench

_PARTITIONS = 8
ALERTS_A_RECORD = 100
_ALERTS = 400_000
# As few as can tell a difference with 95 % confidence (`benchmarks/ranks.py`).
_ROUNDS = 4
_DEADLINE_S = 180


class Rate(NamedTuple):
    """How fast a process was."""

    alerts_s: float
    cpu_us: float
    """Of all its threads, an alert: what others do on its core shows in the rate, and hardly here."""

    def __str__(self) -> str:
        return f"{self.alerts_s:,.0f}/s, {self.cpu_us:.1f} us CPU"


def best(rates: Sequence[Rate]) -> Rate:
    """The best of each, which is what the machine's other work touched least."""
    return Rate(max(rate.alerts_s for rate in rates), min(rate.cpu_us for rate in rates))


def figures(bench: Bench) -> Iterator[Figure]:
    """Alerts a second, half of them repeats, over what the plain loop does on the same core; and without the trail.

    And where nine of ten are repeats, each long after what it repeats.
    """
    kafka, often = bench.kafka("flow", _PARTITIONS), bench.kafka("often", _PARTITIONS)
    topics.ensure(kafka)
    topics.ensure(often)
    count, often_count = fill(kafka, _ALERTS, repeats=2), fill(often, _ALERTS, live=_ALERTS // 10)
    limits, told, untold, repeated = [], [], [], []
    for _ in range(_ROUNDS):  # in turns, so that what else the machine does meets all of them
        limits.append(_limit(kafka, topics.topics(kafka).webhooks, count))
        told.append(measure(bench, kafka, count))
        untold.append(measure(bench, kafka, count, "benchmarks.untold"))
        repeated.append(measure(bench, often, often_count))
    loop = f"consume + orjson decode + encode: {max(limits):,.0f}/s"
    half = "flow, 100-alert records, half repeats"
    yield _rate(half, told, (loop, limits), ">= 150,000, ratio >= 0.2")
    rates = f"half repeats: {best(told)}", [rate.alerts_s for rate in told]
    yield _rate("flow, 100-alert records, nine of ten repeats", repeated, rates, "ratio >= 1.4")
    yield _trail(told, untold)


def _rate(what: str, rates: Sequence[Rate], beside: tuple[str, Sequence[float]], aim: str) -> Figure:
    """The best of the rates over the best of those it stands `beside`."""
    ours, (limit, limits) = best(rates), beside
    return Figure(
        what,
        ours.alerts_s,
        "alerts/s",
        limit,
        ours.alerts_s / max(limits),
        aim,
        cpu_us=ours.cpu_us,
        rounds=tuple(rate.alerts_s for rate in rates),
        limit_value=max(limits),
        limit_rounds=tuple(limits),
    )


def _trail(told: Sequence[Rate], untold: Sequence[Rate]) -> Figure:
    flow, without = best(told), best(untold)
    return Figure(
        "the decision trail's cost of that, by CPU",
        100 * (1 - without.cpu_us / flow.cpu_us),
        "%",
        f"the flow without it: {without}",
        without.cpu_us / flow.cpu_us,
        "<= 15 %",
        f"by rates {100 * (1 - flow.alerts_s / without.alerts_s):.0f} %",
        rounds=tuple(100 * (1 - one.cpu_us / other.cpu_us) for one, other in zip(untold, told, strict=True)),
    )


def fill(kafka: Kafka, alerts: int, repeats: int = 1, a_record: int = ALERTS_A_RECORD, live: int | None = None) -> int:
    """Fill the topic with records of `a_record` alerts, each alert `repeats` times; how many there are.

    Of the alerts `live` differ, and then the first comes again; None: all differ.
    """
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 20})
    topic = topics.topics(kafka).webhooks
    now_ms = time.time_ns() // 1_000_000
    envelope = Envelope("", "alertmanager", "default", "bench", "{}:{}", now_ms)
    shares: dict[int, list[tuple[tuple[int, str, str, str, str, str | None], bytes]]] = {}
    filled, numbers = 0, itertools.count() if live is None else itertools.cycle(range(live))
    while filled < alerts:
        number = next(numbers)
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
    producer.flush()
    return filled


def _limit(kafka: Kafka, topic: str, count: int) -> float:
    arguments = ["-m", "benchmarks.consumer", kafka.bootstrap, topic, str(kafka.partitions), str(count)]
    pinned = ["taskset", "-c", str(processes.SERVER_CORE), sys.executable, *arguments]
    run = subprocess.run(pinned, check=True, capture_output=True, text=True, timeout=120)
    return float(run.stdout)


def measure(bench: Bench, kafka: Kafka, count: int, module: str = "flows.proxy", /, **sections: object) -> Rate:
    """From the first to the last record of decisions: the rate by the broker's record times.

    The flow begins with the first record of the topic, whatever flow has read it before.
    """
    group = {"group": f"bench-{secrets.token_hex(4)}"}
    environment = bench.environment(processes.free_port(), kafka, flow=group, **sections)
    consumer = watcher(kafka)
    with processes.running(["-m", "bytewax.run", module], environment, processes.SERVER_CORE) as pid:
        return watch(consumer, [pid], count)


def record(bench: Bench, kafka: Kafka, count: int, kills: int) -> None:
    """Have a flow decide about them all that is killed so many times, as by kill -9, and goes on from its snapshots."""
    state = bench.folder / f"{kafka.topic_prefix}-state"
    state.mkdir()
    subprocess.run([sys.executable, "-m", "bytewax.recovery", str(state), "1"], check=True)
    environment = bench.environment(processes.free_port(), kafka)
    consumer, decided = watcher(kafka), set[bytes]()
    for run in range(1, kills + 2):
        with processes.running(
            ["-m", "bytewax.run", "flows.proxy", "-r", str(state), "-s", "1", "-b", "0"],
            environment,
            processes.SERVER_CORE,
        ):
            deadline = time.monotonic() + _DEADLINE_S
            while len(decided) < count * run // (kills + 1):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{len(decided)} of {count} decided after {run - 1} kills")
                for message in consumer.consume(100, 0.1):
                    decided.update(id_ for id_, _ in lines(message.value() or b""))
    consumer.close()


def cpu_s(bench: Bench, kafka: Kafka, count: int, **sections: object) -> float:
    """CPU seconds that the flow takes from its start until it has written so many decisions."""
    environment = bench.environment(processes.free_port(), kafka, **sections)
    ready = f"http://{environment['WINNOW_METRICS_LISTEN']}/readyz"
    with processes.running(["-m", "bytewax.run", "flows.proxy"], environment, processes.SERVER_CORE) as pid:
        processes.wait_for(partial(processes.answers, ready), f"{ready} answers")
        if count:
            watch(watcher(kafka, OFFSET_BEGINNING), [pid], count)
        return processes.cpu_s(pid)


def watcher(kafka: Kafka, begin: int = OFFSET_END) -> Consumer:
    """Reads the decisions topic from there, for `watch`."""
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "bench-watch"})
    places = [TopicPartition(topics.topics(kafka).decisions, partition, begin) for partition in range(kafka.partitions)]
    for place in places if begin == OFFSET_END else ():  # that of now, not of when it is first asked
        place.offset = consumer.get_watermark_offsets(place, timeout=10)[1]
    consumer.assign(places)
    return consumer


def watch(consumer: Consumer, pids: Sequence[int], count: int) -> Rate:
    """From the first to the last record of so many decisions: the rate, and the CPU of these processes together.

    Raises:
        TimeoutError: They never were written.
    """
    seen, first_ms, last_ms = 0, 0, 0
    before, before_s = 0, 0.0
    deadline = time.monotonic() + _DEADLINE_S
    while seen < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{seen} of {count} decisions within {_DEADLINE_S} s")
        for message in consumer.consume(100, 0.1):
            first_ms = first_ms or message.timestamp()[1]
            last_ms = max(last_ms, message.timestamp()[1])
            seen += _decided(message.value() or b"")
        if seen and not before:  # what it took to start is no part of it
            before, before_s = seen, sum(map(processes.cpu_s, pids))
    took_s = sum(map(processes.cpu_s, pids)) - before_s
    consumer.close()
    return Rate(seen / ((last_ms - first_ms) / 1000), 1e6 * took_s / max(1, seen - before))


def _decided(value: bytes) -> int:
    """How many alerts a record tells of: decisions, or their number (`benchmarks.untold`)."""
    return int(value) if value.isdigit() else value.count(b'"accepted_ms"')
