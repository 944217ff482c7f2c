"""The whole answer to a sender that waited (contract.md), out of what is known of its alerts. Pure.

A target that did not take a notification is never a success, and neither is one that is not known to have taken it.
What has no end yet is `pending`, a word that the contract lacks: only the answer 202 has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import orjson

from alerts import json_text
from alerts.errors import FormatError
from alerts.instant import rfc3339
from alerts.reply import Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.reply import Decided, Judged, Outcome, Planned
    from alerts.webhook import Rejected
    from http_gateway.waiting.known import Entry, Known, Stored

Row = dict[str, object]

SUCCESS, FILTERED, PARTIAL, FAILED, PENDING = "success", "filtered", "partial", "failed", "pending"
_FAULTS_TOLD = 20
_TEXT_MAX_CHARS = 300

DENY, UNREADABLE = "deny", "unreadable"

# What ended unsent because something newer was to be said, or nothing any more, is neither success nor failure. What is
# not listed has failed: its own target's `turned-to-fallback` too, for whoever looks there finds nothing.
_WORDS = {"delivered": SUCCESS, "merged": FILTERED, "not-needed": FILTERED, PENDING: PENDING}


class Result(NamedTuple):
    """What became of one alert."""

    status: str
    decided: Decided | None
    targets: list[Target]
    row: Row
    """As the answer has it."""


class Target(NamedTuple):
    """What became of one target of one alert."""

    word: str
    """`success`, `failed`, `pending`, or `filtered` if there was nothing to be said to it any more."""
    sending_ms: float
    row: Row


def answer(stored: Stored, known: Known, ingest_id: str, now_ms: int, took_ms: float) -> tuple[int, bytes]:
    """HTTP status and body; `took_ms` is how long the request has taken."""
    found = results(stored, known)
    status, word = overall(found)
    ended = sum(result.status != PENDING for result in found)
    content = {
        "status": word,
        "message": f"{ended} of {len(found)} alerts have their end" + ("" if status != 202 else "; the others go on"),
        "ingest_id": ingest_id,
        "timestamp": rfc3339(now_ms),
        "processing_time_ms": round(took_ms, 3),
        "alerts_summary": summary(found),
        "alert_results": [result.row for result in found],
        "publishing_summary": publishing(found),
    }
    return status, orjson.dumps(content)


def results(stored: Stored, known: Known) -> list[Result]:
    """One for each alert of the request, in the order sent."""
    found = [(entry.position, _of_entry(entry, known)) for entry in stored.entries]
    found += [(rejected.position, _of_rejected(rejected)) for rejected in stored.rejected]
    return [result for _, result in sorted(found, key=lambda pair: pair[0])]


def overall(found: Sequence[Result]) -> tuple[int, str]:
    """HTTP status and word of the whole: 202 while anything is pending, else 200, 207 or 500."""
    statuses = {result.status for result in found}
    if PENDING in statuses:
        return 202, "accepted"
    if statuses <= {SUCCESS, FILTERED}:
        return 200, SUCCESS
    return (500, FAILED) if statuses == {FAILED} else (207, PARTIAL)


def summary(found: Sequence[Result]) -> Row:
    """`alerts_summary`. Published is what at least one target took; what failed at one of several is `partial`."""
    return {
        "total_received": len(found),
        "total_processed": sum(result.decided is not None for result in found),
        "total_classified": sum(result.decided is not None and result.decided.judged is not None for result in found),
        "total_filtered": sum(result.status == FILTERED for result in found),
        "total_published": sum(any(target.word == SUCCESS for target in result.targets) for result in found),
        "total_failed": sum(result.status == FAILED for result in found),
    }


def publishing(found: Sequence[Result]) -> Row:
    """`publishing_summary`; what is pending or needs no sending is neither successful nor failed."""
    targets = [target for result in found for target in result.targets]
    return {
        "total_targets": len(targets),
        "successful_targets": sum(target.word == SUCCESS for target in targets),
        "failed_targets": sum(target.word == FAILED for target in targets),
        "total_publish_time_ms": round(sum(target.sending_ms for target in targets), 3),
    }


def _of_entry(entry: Entry, known: Known) -> Result:
    decided = known.decided(entry.position)
    if decided is None:
        return Result(PENDING, None, [], _row(entry.fingerprint, entry.name, PENDING))
    targets = [target for planned in decided.planned for target in _targets(planned, known.outcome(planned.id))]
    status, reason = _status(decided, targets)
    row = _row(decided.fingerprint, entry.name, status)
    if decided.judged is not None:
        row["classification"] = _classification(decided.judged)
        row["classification_time_ms"] = round(decided.judged.took_ms, 3)
    row["filter_action"] = _action(decided)
    row["filter_reason"] = reason
    row["publishing_results"] = [target.row for target in targets]
    row["error_message"] = _errors(decided, targets)
    return Result(status, decided, targets, row)


def _status(decided: Decided, targets: list[Target]) -> tuple[str, str]:
    """The alert's word, and which step's verdict says why it is told or why not."""
    if decided.filter is None:
        return FAILED if decided.dedup[0] == UNREADABLE else FILTERED, _reason("dedup", decided.dedup)
    if decided.filter[0] == DENY:
        return FILTERED, _reason("filter", decided.filter)
    if not targets:
        return FILTERED, "; ".join(_reason("route", said) for said in decided.route if said[0] != "routed")
    words = {target.word for target in targets}
    if words == {FILTERED}:
        return FILTERED, "; ".join(f"publish: {target.row['error_message']}" for target in targets)
    return _word(words), _reason("filter", decided.filter)


def _word(words: set[str]) -> str:
    if PENDING in words:
        return PENDING
    if FAILED in words:
        return PARTIAL if SUCCESS in words else FAILED
    return SUCCESS


def _action(decided: Decided) -> str | None:
    """What the filter did, or dedup before it; None if the alert never got so far."""
    if decided.filter is not None:
        return DENY if decided.filter[0] == DENY else "allow"
    return None if decided.dedup[0] == UNREADABLE else DENY


def _reason(step: str, said: tuple[str, str]) -> str:
    outcome, rule = said
    return f"{step}: {outcome} ({rule})"


def _errors(decided: Decided, targets: list[Target]) -> str:
    if decided.dedup[0] == UNREADABLE:
        return "its line could not be read and lies in the quarantine"
    return "; ".join(f"{row['target_name']}: {row['error_message']}" for word, _, row in targets if word == FAILED)


def _targets(planned: Planned, outcome: Outcome | None) -> list[Target]:
    """Its own target, and the fallback if it was that one's turn."""
    if outcome is None:
        told = Told(planned.target, planned.kind, PENDING, None, "", 0, 0.0)
        return [Target(PENDING, 0.0, _target(told, "no end is known yet"))]
    return [
        Target(_WORDS.get(told.outcome, FAILED), told.sending_ms, _target(told, told.error)) for told in outcome.told
    ]


def _target(told: Told, error: str) -> Row:
    """One of `publishing_results`."""
    is_told = _WORDS.get(told.outcome) == SUCCESS
    if _WORDS.get(told.outcome) == FILTERED:
        error = f"{told.outcome}: {error}"
    return {
        "target_name": told.target,
        "target_type": told.kind,
        "success": is_told,
        "status_code": told.status,
        "error_message": "" if is_told else error,
        "error_code": "" if is_told else told.outcome.upper().replace("-", "_"),
        "retry_count": max(0, told.tries - 1),
        "processing_time_ms": round(told.sending_ms, 3),
    }


def _classification(judged: Judged) -> Row:
    return {
        "severity": judged.severity,
        "category": judged.category,
        "confidence": judged.confidence,
        "source": judged.source,
        "recommendations": list(judged.recommendations),
        "timestamp": rfc3339(judged.at_ms),
    }


def _of_rejected(rejected: Rejected) -> Result:
    """What was not valid is not in Kafka: it failed, for the reasons given."""
    row = _row("", _name(rejected.line), FAILED)
    told = [f"{field[:_TEXT_MAX_CHARS]}: {error}" for field, error in rejected.faults[:_FAULTS_TOLD]]
    row["error_message"] = "; ".join(told)
    return Result(FAILED, None, [], row)


def _name(line: bytes) -> str:
    """What an alert that is not valid calls itself, if that much of it can be read."""
    try:
        alert = json_text.loads(line)
    except FormatError:
        return ""
    labels = alert.get("labels") if isinstance(alert, dict) else None
    name = labels.get("alertname") if isinstance(labels, dict) else None
    return name[:_TEXT_MAX_CHARS] if isinstance(name, str) else ""


def _row(fingerprint: str, name: str, status: str) -> Row:
    """One of `alert_results`, of which nothing more is known."""
    return {
        "fingerprint": fingerprint,
        "alert_name": name,
        "status": status,
        "classification": None,
        "classification_time_ms": None,
        "filter_action": None,
        "filter_reason": "",
        "publishing_results": [],
        "error_message": "",
    }
