"""Moments and lengths of time as they are written on the command line."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from alerts.errors import WinnowError
from alerts.fields import Duration
from alerts.instant import instant


def length(option: str, text: str) -> timedelta:
    """The length of time that `option` was given.

    Raises:
        WinnowError: It is none.
    """
    found = _length(text)
    if found is None:
        raise WinnowError(
            f"{option}: expected a length of time such as 90s, 5m or 1h30m (at most 366d), got {_cut(text)}"
        )
    return found


def moment(option: str, text: str, now: datetime) -> datetime:
    """The moment that `option` was given: so long before `now`, or in RFC 3339.

    Raises:
        WinnowError: It is neither.
    """
    ago = _length(text)
    if ago is not None:
        return now - ago
    try:
        return instant(text)
    except ValueError as error:
        meant = _meant(text) or _last(text, now)
        wanted = "how long ago (2h, 7d; at most 366d) or a time such as 2026-11-24T03:04:05Z"
        todo = f": did you mean {meant} (UTC), or the same with the offset of a zone, such as +02:00?" if meant else ""
        raise WinnowError(f"{option}: expected {wanted}, got {_cut(text)}{todo}") from error


def past(option: str, text: str, now: datetime) -> datetime:
    """The same, of an option from whose moment on something is looked for: none is there yet in the future.

    Raises:
        WinnowError: It is neither, or later than `now`.
    """
    found = moment(option, text, now)
    if found > now:
        raise WinnowError(f"{option}: {_cut(text)} lies in the future; it is {now:%Y-%m-%dT%H:%M:%SZ} now")
    return found


def between(since: str, until: str, now: datetime) -> tuple[datetime, datetime]:
    """The moments that --since and --until were given.

    Raises:
        WinnowError: They are none, --since lies in the future, or the range is empty.
    """
    begin, end = past("--since", since, now), moment("--until", until, now)
    if begin >= end:
        raise WinnowError("--since: expected an earlier moment than --until")
    return begin, end


def milliseconds(at: datetime) -> int:
    """Since the epoch, as Kafka counts."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _meant(text: str) -> str:
    """The time in full, in UTC, of one without its zone, its seconds or its hour; empty: it is none."""
    day, _, hour = text.strip().replace(" ", "T", 1).partition("T")
    for rest in ("Z", ":00Z", "00:00:00Z"):
        with suppress(ValueError):
            found = f"{day}T{hour}{rest}"
            instant(found)
            return found
    return ""


def _last(text: str, now: datetime) -> str:
    """When a clock in UTC last showed such an hour, in full; empty: it is no hour."""
    today = now.astimezone(UTC).date()
    for day in (today, today - timedelta(days=1)):
        found = _meant(f"{day}T{text.strip()}") if ":" in text else ""
        if found and instant(found) <= now:
            return found
    return ""


def _length(text: str) -> timedelta | None:
    try:
        return TypeAdapter[timedelta](Duration).validate_python(text)
    except ValidationError:
        return None


def _cut(text: str) -> str:
    return repr(text[:40])
