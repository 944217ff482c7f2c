"""(k) What three sick targets make of the way to a healthy one: never answering, failing, limited.

All of them are told of every alert. One whole with them and one without take turns: other work here meets both.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from itertools import count, islice
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import ailing, processes
from benchmarks.figure import Figure
from benchmarks.path import p99, product

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.settings import Bench

_RATE = 100.0
_WARM_UP = 500
_TURN = 250
# With the warm-up three times 3000 alerts wait for the sick: less than `publish.max_pending`, which stops all.
_TURNS = 10


def figures(bench: Bench) -> Iterator[Figure]:
    """p50 and p99 in milliseconds, beside those without the sick."""
    port = processes.free_port()
    with ExitStack() as stack:
        stack.enter_context(processes.running(["-m", "benchmarks.ailing", str(port)], {}, processes.CLIENT_CORE))
        processes.wait_for(partial(processes.answers, f"http://127.0.0.1:{port}/"), "the sick targets answer")
        alone = stack.enter_context(product(bench, "alone"))
        tried = stack.enter_context(product(bench, "sick", *(_target(port, ailment) for ailment in ailing.AILMENTS)))
        numbers = count()
        for whole in (alone, tried):
            whole.late_ms(islice(numbers, _WARM_UP), _RATE)
        turns = [[whole.late_ms(islice(numbers, _TURN), _RATE) for whole in (alone, tried)] for _ in range(_TURNS)]
        asked = ailing.asked(port)
    if asked.keys() != ailing.AILMENTS.keys():
        raise RuntimeError(f"only these of the sick targets were told: {asked}")
    note = ", ".join(f"{name} asked {times} times" for name, times in asked.items())
    yield beside("p50", median, turns)
    yield beside("p99", p99, turns)._replace(aim="ratio <= 1.2", note=note)


def _target(port: int, ailment: str) -> dict[str, object]:
    return {"name": ailment, "kind": "webhook", "url": f"http://127.0.0.1:{port}/{ailment}", "allow_private": True}


def beside(name: str, of: Callable[[Sequence[float]], float], turns: Sequence[Sequence[Sequence[float]]]) -> Figure:
    """Of each turn's milliseconds without them and with them, the medians."""
    without, sick = (tuple(map(of, column)) for column in zip(*turns, strict=True))
    return Figure(
        f"POST to arrival beside three sick targets, {name}",
        median(sick),
        "ms",
        f"without them: {median(without):.1f} ms",
        median(sick) / median(without),
        rounds=sick,
        limit_value=median(without),
        limit_rounds=without,
    )
