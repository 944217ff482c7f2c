"""A record of the decisions topic as the verbs read it that look for something in it."""

from __future__ import annotations

from typing import Any

import orjson

from winnow._foreign import NOT_OURS

Row = dict[str, Any]

_DECISION = frozenset({"id", "fingerprint", "name", "status", "accepted_ms"})
_DELIVERY = frozenset({"delivery", "fingerprint", "input"})


def opened(value: bytes) -> Row:
    """What the record holds (docs/decisions.md); nothing if it is none, as of whoever may write to the topic too."""
    try:
        record: Row = orjson.loads(value)
        told = (*record.get("outcomes", ()), *record.get("retries", ()))
        is_whole = "decisions" not in record or "config" in record
        is_whole &= all(row.keys() >= _DECISION for row in record.get("decisions", ()))
        is_whole &= all(row.keys() >= _DELIVERY for row in told)
    except NOT_OURS:
        return {}
    return record if is_whole else {}
