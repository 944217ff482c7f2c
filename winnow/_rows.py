"""A record of the decisions topic as the verbs read it that look for something in it."""

from __future__ import annotations

from typing import Any

import orjson

Row = dict[str, Any]


def opened(value: bytes) -> Row:
    """What the record holds (docs/decisions.md); nothing if it is none, as of whoever may write to the topic too."""
    try:
        record = orjson.loads(value)
    except orjson.JSONDecodeError:
        return {}
    return record if isinstance(record, dict) else {}
