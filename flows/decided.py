"""Decisions as they lie in the decisions topic, found and compared as bytes: most of them never need to be decoded.

It goes by what `flows.trail` writes: compact JSON, `id` and `fingerprint` first. Within a string of JSON every quote is
escaped, so what is looked for here cannot stand in one.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from alerts.alert import Status
from flows.remembering import Known
from flows.steps.dedup import CHANGED, DUPLICATE, OVER, RENEWED, REPEAT, Counted
from flows.steps.filter import DENY
from flows.steps.route import NO_ROUTE, ROUTED, SKIPPED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Row = dict[str, Any]

_TARGET = re.compile(rb'"target":("[^"]*")')
# Deliveries begin so too, but none goes on so.
_NEXT = b',{"id":"'
_FIRST = b'"decisions":[{"id":"'
_GOES_ON = b'","fingerprint":"'
_ACCEPTED = b'"accepted_ms":'
_PASSED = b',"transition":"'
_RESOLVED = _PASSED + b"resolved/"
_PASSED_BEFORE = b'"passed_ms":'
_IS_FIRING = b'"status":"firing"'
_CLASSIFY = b'"classify":'
_DELIVERIES = b'"deliveries":['
_DUPLICATE = b'"dedup":{"outcome":"duplicate","rule":"window",'
# Nothing follows but 13 digits, until the year 2286: to look at the end is a tenth of the price of searching.
_DUPLICATE_OF = _DUPLICATE + b'"saw":{"passed_ms":'
_OF = slice(-len(_DUPLICATE_OF) - 16, -16)
_NEW = b'"dedup":{"outcome":"new",'
_DUPLICATES = b'{"dedup":{"outcome":"duplicate","rule":"window"}}'
_NOBODY = b'"deliveries":[]}'
_SENT = "sent"

CLOCKS_DIFFER_MS = 300_000
"""Several gateways write one partition, and the flow's clock is another: moments there are in order but for this."""

Line = tuple[bytes, bytes]
"""Input id of a decision, and its text from the id on: `<id>","fingerprint":"00000000000000aa",...}`."""


def lines(value: bytes) -> list[Line]:
    """The decisions of a record of the decisions topic; none if it holds outcomes or retries."""
    texts = body(value)
    if not texts:
        return []
    pieces = texts.split(_NEXT)
    try:
        return [(piece[: piece.index(_GOES_ON)], piece) for piece in pieces]
    except ValueError:  # the others are deliveries but the first of their decision
        return [(piece[: piece.index(_GOES_ON)], piece) for piece in _whole(pieces)]


def body(value: bytes) -> bytes:
    """The texts of a record's decisions as `joined` has them; empty if it holds outcomes or retries."""
    at = value.find(_FIRST)
    return b"" if at < 0 else value[at + len(_FIRST) : -2]


def joined(texts: Iterable[bytes]) -> bytes:
    """Texts of decisions, each as `lines` has it, as they stand in a record."""
    return _NEXT.join(texts)


def ends(texts: Iterable[bytes]) -> list[int]:
    """At which lengths of what `joined` makes of them each is complete, with what separates it from the next."""
    gap = len(_NEXT)
    return list(accumulate([len(text) + gap for text in texts]))


def end(body: bytes, start: int) -> int:
    """The same of a body that begins at `start`."""
    return start + len(body) + len(_NEXT)


def _whole(pieces: list[bytes]) -> Iterator[bytes]:
    start = 0
    for place in range(1, len(pieces) + 1):
        if place == len(pieces) or _GOES_ON in pieces[place]:
            yield _NEXT.join(pieces[start:place])
            start = place


def within(found: list[Line], since_ms: int, until_ms: int) -> list[Line]:
    """Those of a record's decisions whose alerts were accepted then; `until_ms` is the first moment too late.

    They lie in the order of their webhooks, so the first and the last say it of most records.
    """
    if not found:
        return found
    ends = accepted_ms(found[0][1]), accepted_ms(found[-1][1])
    if since_ms <= min(ends) - CLOCKS_DIFFER_MS and max(ends) + CLOCKS_DIFFER_MS < until_ms:
        return found
    return [line for line in found if since_ms <= accepted_ms(line[1]) < until_ms]


def decode(line: Line) -> Row:
    """All of a decision."""
    row: Row = orjson.loads(b'{"id":"' + line[1])
    return row


def fingerprint(line: Line) -> bytes:
    """Which alert a decision is about."""
    start = len(line[0]) + len(_GOES_ON)
    return line[1][start : start + 16]


def fingerprints(found: Iterable[Line]) -> list[bytes]:
    """The same of many."""
    skip = len(_GOES_ON)
    return [text[len(id_) + skip : len(id_) + skip + 16] for id_, text in found]


def is_new(line: Line) -> bool:
    """Whether dedup remembered nothing of the alert."""
    return _NEW in line[1]


def accepted_ms(text: bytes) -> int:
    """When the alert of a decision was accepted."""
    start = text.index(_ACCEPTED) + len(_ACCEPTED)
    return int(text[start : text.index(b",", start)])


def passed_before(line: Line) -> Known | None:
    """What dedup remembered of the alert when it decided; None: nothing of use."""
    text = line[1]
    if is_new(line):  # most alerts that pass are
        return None
    at = text.find(_PASSED_BEFORE)
    if at < 0:
        return None
    if _DUPLICATE in text:  # it saw nothing else
        passed_ms = int(text[at + len(_PASSED_BEFORE) : text.index(b"}", at)])
        return Known(passed_ms, Status.FIRING if _IS_FIRING in text else Status.RESOLVED)
    row = decode(line)
    return known(row["dedup"]["outcome"], row["status"], row["dedup"]["saw"])


def passes(line: Line) -> bool:
    """Whether dedup let it through: then it ends with the list of its deliveries."""
    return line[1].endswith(b"]}")


def resolves(line: Line) -> bool:
    """Whether it is a resolve that dedup let through."""
    return _RESOLVED in line[1]


def tells(line: Line, target: bytes) -> bool:
    """Whether a target is told; `target` is its name as JSON."""
    at = line[1].rfind(_DELIVERIES)
    return at >= 0 and line[1].find(b'"target":' + target, at) >= 0


def known(outcome: str, status: str, saw: Mapping[str, Any]) -> Known | None:
    """What was remembered of an alert of which dedup says this when it comes as `status`; None: nothing of use."""
    passed_ms = saw.get("passed_ms")
    if passed_ms is None or outcome not in _AS_BEFORE:
        return None
    before = Status(status) if _AS_BEFORE[outcome] else _OTHER[Status(status)]
    # An expiry that resolves found no later end than its own.
    ends_ms = saw.get("expired_ms" if outcome == CHANGED else "ends_ms")
    counted = None
    if outcome in {CHANGED, REPEAT}:
        counted = Counted(saw.get("firings", 0), saw.get("resolves", 0), saw.get("newest_ms"), saw.get("turn"))
    return Known(passed_ms, before, ends_ms, counted)


_AS_BEFORE = {DUPLICATE: True, REPEAT: True, OVER: True, CHANGED: False, RENEWED: False}
"""By what dedup said: whether the alert had the same status when it last passed."""
_OTHER = {Status.FIRING: Status.RESOLVED, Status.RESOLVED: Status.FIRING}


def shapes(texts: Iterable[bytes]) -> list[bytes]:
    """The `shape` of each."""
    return [_DUPLICATES if text[_OF] == _DUPLICATE_OF else shape(text) for text in texts]  # most are duplicates


def shape(text: bytes) -> bytes:
    """What a decision has in common with others that were decided alike: JSON of what `Shape` tells."""
    if text[_OF] == _DUPLICATE_OF:
        return _DUPLICATES
    if text.endswith(_NOBODY):
        return b'{%b"targets":[]}' % text[text.rindex(_CLASSIFY) : -len(_NOBODY)]
    at = text.find(_PASSED)
    if at < 0:
        start = text.index(b'"dedup":{')
        return b"{" + text[start : text.index(b',"saw":', start)] + b"}}"
    start, stop = text.index(_CLASSIFY, at), text.rindex(_DELIVERIES)
    return b"{" + text[start:stop] + b'"targets":[' + b",".join(_TARGET.findall(text, stop)) + b"]}"


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
    rules = ", ".join(one["rule"] for one in verdicts) or ("everyone" if is_sent else "no target")
    outcome = _SENT if is_sent else ", ".join(sorted({one["outcome"] for one in verdicts})) or NO_ROUTE
    return Reason("route", outcome, rules)
