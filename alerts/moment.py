"""Times as systems of all kinds write them -> RFC 3339."""

from __future__ import annotations

import re

from alerts.instant import instant, is_zero, rfc3339

# Units by size: seconds end in the year 5138, milliseconds begin in 1973, and so on.
_UNITS = ((10**11, 1000.0), (10**14, 1.0), (10**17, 1e-3), (10**20, 1e-6))
_NUMBER = re.compile(r"\d{1,20}(?:\.\d{1,9})?", re.ASCII)
# Beside RFC 3339: a blank for the T (Zabbix, SQL), dots or slashes in the date, no zone, +0000 (CloudWatch).
_LOOSE = re.compile(
    r"(\d{4})[-./](\d\d)[-./](\d\d)[Tt ](\d\d:\d\d(?::\d\d)?)(\.\d{1,9})? ?(Z|z|UTC|GMT|[+-]\d\d:?\d\d)?", re.ASCII
)
_EXPECTED = "expected a time (RFC 3339, or seconds or milliseconds since 1970)"


def moment(value: object) -> str | None:
    """`value` as RFC 3339; None if it says that there is none: null, nothing, 0 or Go's zero time.

    Takes RFC 3339 and its relatives, without a zone UTC, and a number of seconds, milliseconds, micro- or nanoseconds
    since 1970, told apart by their size.

    Raises:
        ValueError: It is no time.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise ValueError(f"{_EXPECTED}, got {type(value).__name__}")  # noqa: TRY004 what the data are, not a bug
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    if isinstance(value, int | float) or _NUMBER.fullmatch(text):
        return _counted(float(text))
    found = _LOOSE.fullmatch(text)
    if not found:
        raise ValueError(f"{_EXPECTED}, got {text[:60]!r}")
    return None if is_zero(text) else _checked(found)


def _counted(number: float) -> str | None:
    if number == 0:
        return None
    for end, milliseconds in _UNITS:
        if 0 < number < end:
            return rfc3339(int(number * milliseconds))
    raise ValueError(f"{_EXPECTED}, got {number:g}")


def _checked(found: re.Match[str]) -> str:
    year, month, day, clock, fraction, zone = found.groups()
    zone = "Z" if zone is None or zone.upper() in {"Z", "UTC", "GMT"} else f"{zone[:3]}:{zone[-2:]}"
    clock = clock if len(clock) == len("00:00:00") else f"{clock}:00"
    text = f"{year}-{month}-{day}T{clock}{fraction or ''}{zone}"
    instant(text)
    return text
