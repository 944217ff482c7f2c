"""RFC 3339 instants: text as senders write it, checked once, turned into a datetime only where it is compared."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

# RFC 3339 section 5.6; Go and JavaScript send up to nine digits of a second.
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)

ZERO = "0001-01-01T00:00:00Z"
"""Go's zero time, with which senders say \"none\"."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_MS = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
"""The end of the year 9999; nothing later can be written."""


@lru_cache(maxsize=8192)
def instant(text: str) -> datetime:
    """The moment `text` names, in UTC, to the microsecond.

    Raises:
        ValueError: Not RFC 3339 (`2026-11-24T03:04:05.678Z`), or no date of the calendar.
    """
    if not _RFC3339.fullmatch(text):
        raise ValueError(f"expected a time such as 2026-11-24T03:04:05Z, got {text[:60]!r}")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"no such moment: {text!r} ({error})") from error


@lru_cache(maxsize=8192)
def instant_ms(text: str) -> int:
    """The moment `text` names, in milliseconds since the epoch; Go's zero time is one in any zone.

    Raises:
        ValueError: As `instant`.
    """
    return int(instant(ZERO if is_zero(text) else text).timestamp() * 1000)


def is_zero(text: str) -> bool:
    """Whether it is Go's zero time, with which senders say "none"."""
    return text == ZERO or (text[:19].upper() == ZERO[:19] and _RFC3339.fullmatch(text) is not None)


# The alerts of one request share their moments, and each is told several times.
@lru_cache(maxsize=256)
def rfc3339(ms: int) -> str:
    """Milliseconds since the epoch as RFC 3339 in UTC."""
    seconds, rest_ms = divmod(ms, 1000)
    return f"{_second(seconds)}.{rest_ms:03d}Z"


# Most of what is written within a second names that second.
@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat().removesuffix("+00:00")
