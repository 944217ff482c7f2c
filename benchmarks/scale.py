"""(j) Two flow processes against one, two gateway workers against one: what the second core would bring.

A machine of two cores has none left for Kafka and for who sends and counts, so two processes' rate on it says little.
What holds there is CPU: one core does 1 / (CPU an item) of one process, two do 2 / (CPU an item of both together). Both
have one core for that, so that they are as busy as one alone: who waits for the next item takes more CPU for it.
"""

from __future__ import annotations

import secrets
from contextlib import ExitStack, contextmanager
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import flow, gateway, processes
from benchmarks.bodies import webhook
from benchmarks.figure import Figure
from benchmarks.flow import Rate
from connectors.kafka import topics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alerts.config import Kafka
    from benchmarks.settings import Bench

# So many that each of two flow processes has about half of them: which has a partition is decided by a hash.
_PARTITIONS = 32
_ALERTS = 200_000
_ROUNDS = 4
_ONE = (processes.SERVER_CORE,)
_SHARED = (processes.SERVER_CORE, processes.SERVER_CORE)
_OWN = (processes.SERVER_CORE, processes.CLIENT_CORE)


class Turn(NamedTuple):
    """One round."""

    one: Rate
    shared: Rate
    """Two on the core of the one."""
    own: Rate
    """Two with a core each, others' work on them."""


def figures(bench: Bench) -> Iterator[Figure]:
    """What two cores would do over what one does, by CPU."""
    kafka = bench.kafka("scale", _PARTITIONS)
    topics.ensure(kafka)
    count = flow.fill(kafka, _ALERTS, repeats=2)
    runs = [Turn(*(_flows(bench, kafka, count, cores) for cores in (_ONE, _SHARED, _OWN))) for _ in range(_ROUNDS)]
    yield beside("flow processes", "alerts/s", runs)
    with ExitStack() as stack:
        each = [stack.enter_context(_gateway(bench, cores)) for cores in (_ONE, _SHARED, _OWN)]
        bodies = [webhook(range(number, number + 1)) for number in range(500)]
        seconds = bench.seconds / _ROUNDS
        runs = [Turn(*(_requests(*one, bodies, seconds) for one in each)) for _ in range(_ROUNDS)]
    yield beside("gateway workers, 1 alert a body", "requests/s", runs)


def beside(what: str, unit: str, turns: Sequence[Turn]) -> Figure:
    """Two of something that does so many of the unit, beside one."""
    one = [1e6 / turn.one.cpu_us for turn in turns]
    two = [2e6 / turn.shared.cpu_us for turn in turns]
    one_s, two_s = median(turn.one.alerts_s for turn in turns), median(turn.own.alerts_s for turn in turns)
    return Figure(
        f"two {what}: what two cores would do, by CPU",
        median(two),
        unit,
        f"one: {median(one):,.0f}/s, {1e6 / median(one):.1f} us CPU",
        median(many / few for many, few in zip(two, one, strict=True)),
        "ratio >= 1.8",
        f"seen on two cores, Kafka and client on them too: {two_s:,.0f}/s, one {one_s:,.0f}/s",
        cpu_us=2e6 / median(two),
        rounds=tuple(two),
        limit_value=median(one),
        limit_rounds=tuple(one),
    )


def _flows(bench: Bench, kafka: Kafka, count: int, cores: Sequence[int]) -> Rate:
    """As many processes as cores, as docs/cluster.md runs them, from the first record of the topic on."""
    group = {"group": f"bench-{secrets.token_hex(4)}"}
    addresses = ";".join(f"127.0.0.1:{processes.free_port()}" for _ in cores)
    consumer = flow.watcher(kafka)
    with ExitStack() as stack:
        pids = []
        for number, core in enumerate(cores):
            cluster = ["-i", str(number), "-a", addresses] if len(cores) > 1 else []
            environment = bench.environment(processes.free_port(), kafka, flow=group)
            running = processes.running(["-m", "bytewax.run", "flows.proxy", *cluster], environment, core)
            pids.append(stack.enter_context(running))
        return flow.watch(consumer, pids, count)


@contextmanager
def _gateway(bench: Bench, cores: Sequence[int]) -> Iterator[tuple[int, int]]:
    """A gateway with as many workers as cores: its process and its port."""
    port = processes.free_port()
    environment = bench.environment(port, gateway={"workers": len(cores)})
    core = cores[0] if len({*cores}) == 1 else None
    with processes.running(["-m", "http_gateway"], environment, core) as pid:
        url = f"http://127.0.0.1:{port}/readyz"
        processes.wait_for(partial(processes.answers, url), f"{url} answers")
        yield pid, port


def _requests(pid: int, port: int, bodies: list[bytes], seconds: float) -> Rate:
    cpu_us, rate = gateway.measure(pid, port, gateway.PATH, bodies, seconds)
    return Rate(rate, cpu_us)
