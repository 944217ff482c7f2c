"""Decisions as rows for an encoder, put together of what many alerts have in common, which is encoded once.

The bytes are those that orjson writes of the same fields in the same order; `flows.decided` goes by them. Measured: an
object and its encoding take half of what it takes to put the text of a decision together.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import msgspec
import orjson
from msgspec import UNSET, Raw, UnsetType

from alerts import advice as advising
from alerts.decision import NAME_MAX_CHARS
from flows.steps.filter import DENY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from alerts.advice import Advice
    from alerts.alert import Envelope, Status
    from alerts.decision import Classification, Delivery, Verdict
    from flows.chunk import Chunk
    from flows.steps.classify import Judged
    from flows.steps.route import Routing

    Once = dict[int, Raw]
    """What the steps said in a chunk, encoded, by the identity of what they said."""

Told = TypeVar("Told")


class Planned(msgspec.Struct, gc=False):
    """A notification."""

    id: str
    target: str


class Decision(msgspec.Struct, gc=False):
    """A decision as it stands in a record; what is unset is left out."""

    id: str
    fingerprint: str
    name: str
    status: Status
    starts_at: str
    accepted_ms: int
    source: str
    traceparent: str | UnsetType
    dedup: Raw
    transition: str | UnsetType = UNSET
    classify: Raw | UnsetType = UNSET
    weighed: Raw | UnsetType = UNSET
    advice: Raw | UnsetType = UNSET
    filter: Raw | UnsetType = UNSET
    route: Sequence[Raw] | UnsetType = UNSET
    deliveries: Sequence[Planned] | UnsetType = UNSET


encode: Callable[[object], bytes] = msgspec.json.Encoder().encode
"""Rows as JSON, and what holds them."""


def rows(chunk: Chunk) -> list[Decision]:
    """One decision for each arrival of the chunk, in their order."""
    passed = zip(chunk.judged, chunk.filtered, chunk.routed, chunk.planned, strict=True)
    once: Once = {}
    decisions: list[Decision] = []
    its: Envelope | None = None
    for arrival, (verdict, transition) in zip(chunk.arrivals, chunk.seen, strict=True):
        id_, fingerprint, status, name, starts_at, _, envelope, _ = arrival
        if envelope is not its:
            its, at_ms, source, traced = envelope, envelope.accepted_ms, envelope.source, envelope.traceparent or UNSET
        if len(name) > NAME_MAX_CHARS:
            name = name[:NAME_MAX_CHARS]
        dedup = once.get(id(verdict)) or _write(once, verdict_json, verdict)
        if transition is None:
            row = Decision(id_, fingerprint, name, status, starts_at, at_ms, source, traced, dedup)
        else:
            judged, filtered, routing, planned = next(passed)
            classify, weighed, advice = _judged(once, judged)
            allowed = once.get(id(filtered)) or _write(once, verdict_json, filtered)
            route = _route(filtered, routing) if routing.verdicts else ()
            deliveries = _deliveries(planned) if planned else ()
            row = Decision(
                id_, fingerprint, name, status, starts_at, at_ms, source, traced, dedup,
                transition, classify, weighed, advice, allowed, route, deliveries,
            )  # fmt: skip
        decisions.append(row)
    return decisions


def verdict_json(verdict: Verdict) -> Raw:
    """What a step said."""
    outcome, rule, saw = verdict
    return Raw(orjson.dumps({"outcome": outcome, "rule": rule, "saw": saw})) if saw else _bare(outcome, rule)


def _write(once: Once, write: Callable[[Told], Raw], told: Told) -> Raw:
    """Encode an object of the chunk and keep that by its identity: steps say the same of many alerts by one object."""
    found = once[id(told)] = write(told)
    return found


def _judged(once: Once, judged: Judged) -> tuple[Raw, Raw | UnsetType, Raw | UnsetType]:
    told, weighed, alone, advice, guards = judged
    classify = once.get(id(told)) or _write(once, _classification, told)
    if weighed is told and advice is None:
        return classify, UNSET, UNSET
    said = UNSET if advice is None else _advice(advice, alone, guards)
    return classify, UNSET if weighed is told else _classification(weighed), said


def _route(filtered: Verdict, routing: Routing) -> Sequence[Raw]:
    """Where a denied alert would have gone is no decision about it."""
    return () if filtered.outcome == DENY else list(map(verdict_json, routing.verdicts))


def _deliveries(planned: Iterable[Delivery]) -> list[Planned]:
    return [Planned(one.id, one.target) for one in planned if not one.only_closes]


# Few differ, and encoding one costs more than finding it.
@lru_cache(maxsize=4096)
def _bare(outcome: str, rule: str) -> Raw:
    return Raw(orjson.dumps({"outcome": outcome, "rule": rule, "saw": {}}))


@lru_cache(maxsize=4096)
def _classification(found: Classification) -> Raw:
    told = ("severity", "category", "confidence", "source", "rule")
    return Raw(orjson.dumps({name: getattr(found, name) for name in told}))


@lru_cache(maxsize=4096)
def _advice(advice: Advice, alone: Classification | None, guards: tuple[str, ...]) -> Raw:
    told: dict[str, object] = advising.to_plain(advice)
    if alone is not None:
        told |= {"alone": orjson.Fragment(bytes(_classification(alone))), "guards": guards}
    return Raw(orjson.dumps(told))
