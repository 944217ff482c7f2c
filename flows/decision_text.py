"""Decisions as JSON text, put together of what many alerts have in common, which is cheaper than an object for each.

The bytes are those that orjson writes of the same fields in the same order; `flows.decided` goes by them.
"""

from __future__ import annotations

from functools import lru_cache
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, TypeVar

import orjson

from alerts import advice as advising
from flows.steps.filter import DENY

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.advice import Advice
    from alerts.alert import Envelope
    from alerts.decision import Classification, Delivery, Verdict
    from flows.chunk import Chunk
    from flows.steps.classify import Judged
    from flows.steps.route import Routing

    Once = dict[int | tuple[int, ...], str]
    """Texts of what the steps said in a chunk, by the identity of what they said."""

Told = TypeVar("Told")

_NAME_MAX_CHARS = 200


def texts(chunk: Chunk) -> list[str]:
    """One decision for each arrival of the chunk, in their order."""
    passed = zip(chunk.judged, chunk.filtered, chunk.routed, chunk.planned, strict=True)
    once: Once = {}
    decisions: list[str] = []
    its, about = None, ""
    for arrival, (verdict, transition) in zip(chunk.arrivals, chunk.seen, strict=True):
        id_, fingerprint, status, name, starts_at, _, envelope, _ = arrival
        if envelope is not its:
            its, about = envelope, _about(envelope)
        said = once.get(id(verdict)) or _write(once, verdict_text, verdict)
        end = "" if transition is None else f',"transition":{_quoted(transition)},{_passed(once, *next(passed))}'
        decisions.append(
            f'{{"id":{encode_basestring(id_)},"fingerprint":"{fingerprint}","name":{_name(name)},'
            f'"status":"{status._value_}","starts_at":{_quoted(starts_at)},{about},"dedup":{said}{end}}}'
        )
    return decisions


def verdict_text(verdict: Verdict) -> str:
    """What a step said."""
    outcome, rule, saw = verdict
    return orjson.dumps({"outcome": outcome, "rule": rule, "saw": saw}).decode() if saw else _bare(outcome, rule)


def _write(once: Once, write: Callable[[Told], str], told: Told) -> str:
    """Write an object of the chunk and keep that by its identity: steps say the same of many alerts by one object."""
    text = once[id(told)] = write(told)
    return text


def _about(envelope: Envelope) -> str:
    text = f'"accepted_ms":{envelope.accepted_ms},"source":{_quoted(envelope.source)}'
    return f'{text},"traceparent":{_quoted(envelope.traceparent)}' if envelope.traceparent else text


def _passed(once: Once, judged: Judged, filtered: Verdict, routing: Routing, planned: list[Delivery]) -> str:
    both = id(judged), id(filtered)
    said = once.get(both)
    if said is None:
        said = once[both] = _judged(once, judged, filtered)
    # Where a denied alert would have gone is no decision about it.
    verdicts = () if filtered.outcome == DENY else routing.verdicts
    route = ",".join([verdict_text(verdict) for verdict in verdicts]) if verdicts else ""
    deliveries = ",".join([_planned(one) for one in planned if not one.only_closes]) if planned else ""
    return f'{said},"route":[{route}],"deliveries":[{deliveries}]'


def _judged(once: Once, judged: Judged, filtered: Verdict) -> str:
    told, weighed, alone, advice, guards = judged
    text = once.get(id(told)) or _write(once, _classification, told)
    if weighed is not told:
        text += f',"weighed":{once.get(id(weighed)) or _write(once, _classification, weighed)}'
    if advice is not None:
        text += f',"advice":{_advice(advice, alone, guards)}'
    allowed = once.get(id(filtered)) or _write(once, verdict_text, filtered)
    return f'"classify":{text},"filter":{allowed}'


def _planned(delivery: Delivery) -> str:
    return f'{{"id":{encode_basestring(delivery.id)},"target":{_quoted(delivery.target)}}}'


# Few differ, and writing one costs more than finding it.
_quoted = lru_cache(maxsize=4096)(encode_basestring)


@lru_cache(maxsize=4096)
def _name(name: str) -> str:
    return encode_basestring(name[:_NAME_MAX_CHARS])


@lru_cache(maxsize=4096)
def _bare(outcome: str, rule: str) -> str:
    return orjson.dumps({"outcome": outcome, "rule": rule, "saw": {}}).decode()


@lru_cache(maxsize=4096)
def _classification(found: Classification) -> str:
    told = ("severity", "category", "confidence", "source", "rule")
    return orjson.dumps({name: getattr(found, name) for name in told}).decode()


@lru_cache(maxsize=4096)
def _advice(advice: Advice, alone: Classification | None, guards: tuple[str, ...]) -> str:
    told: dict[str, object] = advising.to_plain(advice)
    if alone is not None:
        told |= {"alone": orjson.Fragment(_classification(alone)), "guards": guards}
    return orjson.dumps(told).decode()
