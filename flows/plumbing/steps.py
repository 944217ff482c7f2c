"""Puts a step into the graph under its own name: chunks go in, chunks with one column more come out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytewax import operators as op
from bytewax.operators import KeyedStream

from connectors.request import Message
from flows import metrics, plan
from flows.chunk import Chunk
from flows.plumbing.account import account
from flows.plumbing.candidate import Overheard, overheard
from flows.plumbing.judging import ClassifyLogic
from flows.plumbing.keyed import ConvertLogic, DedupLogic
from flows.plumbing.rows import run
from flows.plumbing.shadow import ShadowLogic
from flows.retried import RETRIED
from flows.steps import filter as filtering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from alerts.decision import Classification, Delivery
    from alerts.record import Stored
    from connectors.job import Ended
    from flows.names import Names
    from flows.parts import Lane
    from flows.plumbing.asking import Adviser
    from flows.plumbing.candidate import Shadow
    from flows.plumbing.silence import Silence
    from flows.steps.classify import Classify
    from flows.steps.convert import Convert
    from flows.steps.dedup import Dedup
    from flows.steps.filter import Filter
    from flows.steps.route import Route
    from flows.trail import Trail

Chunks = KeyedStream[Chunk]
Messages = KeyedStream[Message]


def convert(up: KeyedStream[Stored], step: Convert) -> Chunks:
    """Records in, arrivals out: the first step, keyed by partition while everything is still bytes."""
    return op.stateful_batch("convert", up, lambda _: ConvertLogic(step))


def dedup(up: Chunks, step: Dedup, silence: Silence | None = None) -> Chunks:
    """Arrivals in; those that tell something new are opened and go on."""
    return op.stateful_batch("dedup", up, lambda state: DedupLogic(step, state, silence))


def classify(up: Chunks, step: Classify, asking: Adviser | None = None) -> Chunks:
    """Adds what each alert is taken for; what waits for the model comes later, in chunks of its own."""
    return op.stateful_batch("classify", up, lambda state: ClassifyLogic(step, asking, state))


def filter_(up: Chunks, step: Filter) -> Chunks:
    """Adds whether each alert may pass."""

    def column(chunk: Chunk) -> Chunk:
        filtered = run("filter", step, filtering.if_it_raised, chunk.alerts, *_weights(chunk))
        metrics.count("filter", [verdict.outcome for verdict in filtered])
        return chunk._replace(filtered=filtered)

    return _each("filter", up, column)


def route(up: Chunks, step: Route, keepers: plan.Keepers) -> Chunks:
    """Adds who is told, and the deliveries that come of it."""

    def column(chunk: Chunk) -> Chunk:
        routed = run("route", step, step.if_it_raised, chunk.alerts, *_weights(chunk))
        metrics.count("route", [verdict.outcome for routing in routed for verdict in routing.verdicts])
        chunk = chunk._replace(routed=routed)
        return chunk._replace(planned=plan.deliveries(chunk, keepers))

    return _each("route", up, column)


def publish(up: Chunks, lane: Lane) -> KeyedStream[Ended]:
    """Sends what is planned, each target in a lane of its own; what ended comes out."""
    return op.stateful_batch("publish", op.flat_map_batch("deliveries", up, _by_lane), lane)


def decisions(up: Chunks, trail: Trail, names: Names | None = None) -> Messages:
    """What every step said, as messages; before it the names of the alerts it is said of."""

    def decide(items: list[tuple[str, Chunk]]) -> Iterable[tuple[str, Message]]:
        for _, chunk in items:
            if names is not None:
                yield from names.of_chunk(chunk)
            yield from trail.of_chunk(chunk)
            for offset, count in chunk.records:
                account.left((chunk.partition, offset), count)
            for record in chunk.unreadable:
                account.left((chunk.partition, record.offset), record.body.count(b"\n"))

    return op.flat_map_batch("decide", up, decide)


def shadow(changes: Chunks, judged: Chunks, candidate: Shadow) -> Messages:
    """What a candidate decides about the same alerts, as messages."""
    up: KeyedStream[Chunk | Overheard] = changes
    if candidate.hears:
        up = op.merge("overhear", changes, op.flat_map_batch("overheard", judged, overheard))
    return op.stateful_batch("shadow", up, lambda state: ShadowLogic(candidate, state))


def outcomes(up: KeyedStream[Ended], trail: Trail) -> Messages:
    """What became of the deliveries, as messages."""
    return op.flat_map_batch("outcome", up, lambda items: trail.of_ended([ended for _, ended in items]))


def _weights(chunk: Chunk) -> tuple[list[Classification], list[Classification | None]]:
    """What filter and route go by: what each alert is weighed, and where a model had a say what it is without it."""
    return [row.weighed for row in chunk.judged], [row.alone for row in chunk.judged]


def _each(step_id: str, up: Chunks, column: Callable[[Chunk], Chunk]) -> Chunks:
    return op.flat_map_batch(step_id, up, lambda items: [(key, column(chunk)) for key, chunk in items])


def _by_lane(items: list[tuple[str, Chunk]]) -> Iterable[tuple[str, Delivery]]:
    for _, chunk in items:
        for planned in chunk.planned:
            for delivery in planned:
                yield f"{delivery.target}#0", delivery
        if chunk.retry is not None and chunk.recalled is not None and chunk.recalled.outcome == RETRIED:
            # Asked for by hand: it is told, whatever is known to be open there.
            yield f"{chunk.retry.delivery.target}#0", chunk.retry.delivery._replace(only_closes=False)
