"""(h) Delivery: from a real Kafka to one target that takes everything, beside the bare transport.

State, a snapshot a second, retries and the decision trail are in it. Each must have arrived and have its outcome.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from benchmarks import flow, processes, receiver
from benchmarks.figure import Figure
from benchmarks.flow import Rate, best
from connectors.kafka import topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Kafka
    from benchmarks.settings import Bench

_PARTITIONS = 32
_ROUNDS = 4
_DEADLINE_S = 180


class Case(NamedTuple):
    """One kind of target."""

    what: str
    kind: str
    alerts: int
    a_request: int
    """At most."""
    aim: str = ""

    def target(self, port: int) -> dict[str, object]:
        """As it stands in winnow.yaml."""
        # An Alertmanager is told again of what fires: not within a run.
        own = {"batch": self.a_request} if self.kind == "webhook" else {"repeat_every": "1d"}
        return {"name": "told", "kind": self.kind, "url": f"http://127.0.0.1:{port}/", "allow_private": True, **own}


_CASES = (
    Case("delivery one by one, to a webhook", "webhook", 40_000, 1, ">= 5,000"),
    Case("delivery in batches, to a webhook", "webhook", 200_000, 64, ">= 30,000"),
    Case("delivery in batches, to an Alertmanager", "alertmanager", 200_000, 64, ">= 30,000"),
)


def figures(bench: Bench) -> Iterator[Figure]:
    """Deliveries a second by their arrivals, and the flow's CPU for each."""
    for case in _CASES:
        rounds = [(_limit(case), delivered(bench, case)) for _ in range(_ROUNDS)]
        limits, flows = zip(*rounds, strict=True)
        limit, ours = best(limits), best(flows)
        yield Figure(
            case.what,
            ours.alerts_s,
            "deliveries/s",
            f"the bare transport: {limit}",
            ours.alerts_s / limit.alerts_s,
            case.aim,
            cpu_us=ours.cpu_us,
            rounds=tuple(rate.alerts_s for rate in flows),
            limit_value=limit.alerts_s,
            limit_rounds=tuple(rate.alerts_s for rate in limits),
        )


@contextmanager
def receiving() -> Iterator[int]:
    """A receiver that takes everything, by its port."""
    port = processes.free_port()
    with processes.running(["-m", "benchmarks.receiver", str(port)], {}, processes.CLIENT_CORE):
        url = f"http://127.0.0.1:{port}/"
        processes.wait_for(partial(processes.answers, url), f"{url} answers")
        yield port


def _limit(case: Case) -> Rate:
    requests = case.alerts // case.a_request
    with receiving() as port:
        arguments = [case.kind, f"http://127.0.0.1:{port}/", str(case.a_request), str(requests)]
        run = subprocess.run(
            ["taskset", "-c", str(processes.SERVER_CORE), sys.executable, "-m", "benchmarks.transport", *arguments],
            check=True,
            capture_output=True,
            text=True,
            timeout=_DEADLINE_S,
        )
        alerts = receiver.seen(port).alerts
    took_s, cpu_s = map(float, run.stdout.split())
    return Rate(alerts / took_s, 1e6 * cpu_s / alerts)


def delivered(bench: Bench, case: Case) -> Rate:
    """What a flow that waits does when it is given everything at once.

    Raises:
        RuntimeError: Something did not arrive, or came twice.
    """
    kafka = bench.kafka("delivery", _PARTITIONS)
    topics.ensure(kafka)
    state = bench.folder / f"{kafka.topic_prefix}-state"
    state.mkdir()
    subprocess.run([sys.executable, "-m", "bytewax.recovery", str(state), "1"], check=True)
    arguments = ["-m", "bytewax.run", "flows.proxy", "-r", str(state), "-s", "1", "-b", "0"]
    with receiving() as port:
        environment = bench.environment(processes.free_port(), kafka, targets=[case.target(port)])
        ready = f"http://{environment['WINNOW_METRICS_LISTEN']}/readyz"
        with processes.running(arguments, environment, processes.SERVER_CORE) as pid:
            processes.wait_for(partial(processes.answers, ready), f"{ready} answers")
            began_s = processes.cpu_s(pid)
            count = flow.fill(kafka, case.alerts)
            _await_outcomes(kafka, count)
            took_s = processes.cpu_s(pid) - began_s
        seen = receiver.seen(port)
    if seen.alerts != count:
        raise RuntimeError(f"{count} to be delivered, {seen.alerts} arrived")
    return Rate(count / (seen.last_s - seen.first_s), 1e6 * took_s / count)


def _await_outcomes(kafka: Kafka, count: int) -> None:
    """Wait until so many deliveries are on record as delivered.

    Raises:
        RuntimeError: One of them ended otherwise.
        TimeoutError: They never were.
    """
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "bench-outcomes"})
    topic = topics.topics(kafka).decisions
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(kafka.partitions)])
    delivered = set[str]()
    deadline = time.monotonic() + _DEADLINE_S
    while len(delivered) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(delivered)} of {count} delivered within {_DEADLINE_S} s")
        for message in consumer.consume(100, 0.1):
            for row in orjson.loads(message.value() or b"").get("outcomes", ()):
                if row["outcome"] != "delivered":
                    raise RuntimeError(f"a delivery ended as {row['outcome']}: {row['error']}")
                delivered.add(row["delivery"])
    consumer.close()
