"""Decisions as they lie in the decisions topic, found and compared as bytes: most of them never need to be decoded.

It goes by what `flows.trail` writes: compact JSON, `id` and `fingerprint` first. Within a string of JSON every quote is
escaped, so what is looked for here cannot stand in one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from alerts.alert import Status
from flows.steps.filter import DENY
from flows.steps.route import ROUTED, SKIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]

_START = re.compile(rb'[\[,]\{"id":"([^"\\]*)","fingerprint":"([0-9a-f]{16})"')
_TARGET = re.compile(rb'"target":("[^"]*")')
_ACCEPTED = b'"accepted_ms":'
_PASSED = b',"transition":"'
_PASSED_BEFORE = b'"passed_ms":'
_SENT = "sent"


class Line(NamedTuple):
    """One decision, as text."""

    id: bytes
    """Input id."""
    fingerprint: bytes
    text: bytes
    """All of it, as it lies there."""


def lines(value: bytes) -> Iterator[Line]:
    """The decisions of a record of the decisions topic; none if it holds outcomes or retries."""
    found = list(_START.finditer(value))
    ends = [one.start() for one in found[1:]]
    for one, end in zip(found, [*ends, len(value) - 2], strict=bool(found)):
        yield Line(one[1], one[2], value[one.start() + 1 : end])


def accepted_ms(text: bytes) -> int:
    """When the alert of a decision was accepted."""
    start = text.index(_ACCEPTED) + len(_ACCEPTED)
    return int(text[start : text.index(b",", start)])


def passed_before(text: bytes) -> tuple[int, Status] | None:
    """What dedup remembered of the alert when it decided: when it last passed, and as what; None: nothing of use."""
    if _PASSED_BEFORE not in text:  # most alerts that pass are new
        return None
    row = orjson.loads(text)
    passed_ms, outcome = row["dedup"]["saw"].get("passed_ms"), row["dedup"]["outcome"]
    if passed_ms is None or outcome not in _AS_BEFORE:
        return None
    status = Status(row["status"])
    return passed_ms, status if _AS_BEFORE[outcome] else _OTHER[status]


_AS_BEFORE = {"duplicate": True, "repeat": True, "over": True, "changed": False}
"""By what dedup said: whether the alert had the same status when it last passed."""
_OTHER = {Status.FIRING: Status.RESOLVED, Status.RESOLVED: Status.FIRING}


def shape(text: bytes) -> bytes:
    """What a decision has in common with others that were decided alike: JSON of what `Shape` tells."""
    at = text.find(_PASSED)
    if at < 0:
        start = text.index(b'"dedup":{')
        return b"{" + text[start : text.index(b',"saw":', start)] + b"}}"
    start, end = text.index(b'"classify":', at), text.rindex(b'"deliveries":[')
    return b"{" + text[start:end] + b'"targets":[' + b",".join(_TARGET.findall(text, end)) + b"]}"


class Reason(NamedTuple):
    """Why an alert went where it went, or where it ended."""

    step: str
    outcome: str
    rule: str
    """By name; several are joined by commas."""


def targets(row: Row) -> tuple[str, ...]:
    """Who is told, by a decision that is decoded."""
    return tuple(planned["target"] for planned in row.get("deliveries", ()))


def severity(row: Row) -> str | None:
    """What it is taken for; None if dedup ended it."""
    found = row.get("classify")
    return None if found is None else str(found["severity"])


def reason(row: Row) -> Reason:
    """The step and the rule that decided about it."""
    dedup = row["dedup"]
    if "transition" not in row:
        return Reason("dedup", dedup["outcome"], dedup["rule"])
    if row["filter"]["outcome"] == DENY:
        return Reason("filter", DENY, row["filter"]["rule"])
    is_sent = bool(row["deliveries"])
    if is_sent:
        verdicts = [one for one in row["route"] if one["outcome"] != SKIPPED]
    else:
        verdicts = [one for one in row["route"] if one["outcome"] != ROUTED] or row["route"]
    rules = ", ".join(one["rule"] for one in verdicts) or "everyone"
    return Reason("route", _SENT if is_sent else ", ".join(sorted({one["outcome"] for one in verdicts})), rules)
