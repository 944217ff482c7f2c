"""(e) A model beside the rules: what it costs, and for how long anybody waits for it."""

from __future__ import annotations

import statistics
import time
import urllib.request
from contextlib import ExitStack
from itertools import count, islice
from typing import TYPE_CHECKING, NamedTuple

import orjson
from prometheus_client.parser import text_string_to_metric_families

from alerts.alert import Arrival, Envelope, Status
from alerts.decision import Verdict
from alerts.fingerprint import identity
from alerts.record import open_alert
from benchmarks.bodies import STARTS_AT, alert, labels
from benchmarks.figure import Figure, middle
from benchmarks.path import p99, product
from benchmarks.processes import free_port, wait_for
from connectors.kafka.topics import Topics
from flows import plan
from flows.chunk import Chunk
from flows.plumbing.judging import ClassifyLogic
from flows.steps.classify import Classify
from flows.steps.dedup import Seen
from flows.steps.filter import Filter
from flows.steps.route import Route
from flows.trail import Trail
from tests.support.advice import Desk, Scripted
from tests.support.model import model_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.path import Product
    from benchmarks.settings import Bench

_ALERTS = 10_000
_RATE = 400.0
_TEMPLATES = 97
"""As many names as `bodies` has, so that these numbers apart are alerts of one template."""
_SLOW_S = 2
_DEADLINE_S = 1
_TURNS = 5
_TURN_RATE = 100.0
_TURN = 500
_CHUNK = 1000
_ROUNDS = 30


def figures(bench: Bench) -> Iterator[Figure]:
    """The cost of an answer that is there, then what a slow model, many templates and no model make of the path."""
    yield from _hits()
    with model_server() as server:
        llm = {"base_url": server.base_url, "model": "small", "deadline": f"{_DEADLINE_S}s"}
        server.behave("slow", seconds=_SLOW_S)
        with product(bench, "slow", classify={"llm": llm}) as whole:
            late_ms = whole.late_ms(islice(count(0, _TEMPLATES), _ALERTS), _RATE)
        note = f"model answers after {_SLOW_S} s, deadline {_DEADLINE_S} s, {_RATE:g} alerts/s"
        yield Figure(f"{_ALERTS:,} alerts of one template: calls of the model", server.calls(), "calls", aim="<= 1")
        at_most = f"<= {1000 * _DEADLINE_S + 100} ms"
        yield Figure("a slow model: POST to arrival, p99", p99(late_ms), "ms", aim=at_most, note=note)
        server.behave("ok")
        budget = {"new_templates_per_minute": 100, "calls_per_minute": 100}
        with product(bench, "templates", classify={"llm": {**llm, **budget}}) as whole:
            numbers = (place // 50 * _TEMPLATES + place % 50 for place in count())
            whole.late_ms(islice(numbers, _ALERTS), _RATE)
        yield Figure(f"{_ALERTS:,} alerts of 50 templates: calls of the model", server.calls(), "calls", aim="<= 50")
    yield from _away(bench)


def _away(bench: Bench) -> Iterator[Figure]:
    """Turn by turn beside a flow without a model, so that what else the machine does meets both alike."""
    llm = {"base_url": f"http://127.0.0.1:{free_port()}/v1", "model": "small"}
    with ExitStack() as stack:
        without = stack.enter_context(product(bench, "rules"))
        away = stack.enter_context(product(bench, "away", classify={"llm": llm}))
        numbers = count()
        away.late_ms(islice(numbers, 10), 2.0)
        wait_for(lambda: _is_held_back(away), "the model's breaker opens")
        turns = [
            [p99(whole.late_ms(islice(numbers, _TURN), _TURN_RATE)) for whole in (without, away)] for _ in range(_TURNS)
        ]
    rules_ms, away_ms = (statistics.median(column) for column in zip(*turns, strict=True))
    limit, added = f"no model: {rules_ms:.1f} ms", tuple(away - rules for rules, away in turns)
    yield Figure("model away, breaker open: p99 added", away_ms - rules_ms, "ms", limit, aim="< 10 ms", rounds=added)


def _is_held_back(whole: Product) -> bool:
    with urllib.request.urlopen(whole.metrics) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return any(
        sample.value for family in families if family.name == "winnow_llm_held_back" for sample in family.samples
    )


class _Costs(NamedTuple):
    """Microseconds of CPU for each alert."""

    classify: float
    whole: float
    """With filter, route and the decision."""


def _hits() -> Iterator[Figure]:
    """CPU for each alert whose answer is cached, over the same by rules alone; the median of paired rounds."""
    desk = Desk(Scripted(), calls_per_minute=1000, new_templates_per_minute=1000)
    asking = ClassifyLogic(Classify(), desk.asking, None)
    list(asking.on_batch([_chunk(range(_CHUNK))])[0])
    while asking.notify_at() is not None:
        desk.wake.wait(1)
        list(asking.on_notify()[0])
    alone = ClassifyLogic(Classify(), None, None)
    pairs = [
        (_costs(alone, chunk), _costs(asking, chunk))
        for chunk in (_chunk(range(start * _CHUNK, (start + 1) * _CHUNK)) for start in range(1, _ROUNDS + 1))
    ]
    limit = f"by rules: {statistics.median(other.classify for other, _ in pairs):.2f} us"
    added, rounds = middle(one.classify - other.classify for other, one in pairs)
    what = "classify with a cached answer: CPU added per alert"
    yield Figure(what, added, "us", limit, aim="< 3 us", cpu_us=added, rounds=rounds)
    limit = f"by rules: {statistics.median(other.whole for other, _ in pairs):.2f} us"
    added, rounds = middle(one.whole - other.whole for other, one in pairs)
    what = "classify with a cached answer, filter, route, decision: CPU added per alert"
    yield Figure(what, added, "us", limit, cpu_us=added, rounds=rounds)


def _costs(logic: ClassifyLogic, chunk: Chunk) -> _Costs:
    began_s = time.process_time()
    (judged,) = logic.on_batch([chunk])[0]
    classified_s = time.process_time()
    weighed = [(row.weighed, row.alone) for row in judged.judged]
    filtered = [_FILTER(of, *by) for of, by in zip(judged.alerts, weighed, strict=True)]
    routed = [_ROUTE(of, *by) for of, by in zip(judged.alerts, weighed, strict=True)]
    done = judged._replace(filtered=filtered, routed=routed)
    list(_TRAIL.of_chunk(done._replace(planned=plan.deliveries(done, lambda _: ()))))
    ended_s = time.process_time()
    return _Costs((classified_s - began_s) / _CHUNK * 1e6, (ended_s - began_s) / _CHUNK * 1e6)


_FILTER = Filter([])
_ROUTE = Route([], [])
_TRAIL = Trail(Topics("w", "d", "q", "l", "r", "n"), 1, "0123456789ab")


def _chunk(numbers: range) -> Chunk:
    """Alerts in which the numbers of the annotations differ."""
    envelope = Envelope("0" * 32, "alertmanager", "default", "bench", "{}:{}", time.time_ns() // 1_000_000)
    arrivals = []
    for number in numbers:
        fingerprint = identity(labels(number), None)
        told = (f"{number:032x}-0", fingerprint, Status.FIRING, labels(number)["alertname"], STARTS_AT, None)
        body = alert(number)
        body["annotations"] = {"summary": f"api-{number} fails", "description": f"5xx ratio is {number / 7:.2f} %"}
        arrivals.append(Arrival(*told, envelope, orjson.dumps(body)))
    seen = [Seen(Verdict("new", "window", {}), f"firing/{STARTS_AT}/0.0") for _ in numbers]
    alerts = [open_alert(one) for one in arrivals]
    transitions = [one.transition or "" for one in seen]
    return Chunk(0, arrivals, [], [(0, len(arrivals))], seen, alerts, transitions)
