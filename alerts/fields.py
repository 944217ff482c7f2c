"""The kinds of value winnow.yaml is written in: lengths of time, sizes, addresses, matchers, secrets."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, SecretStr

from alerts.errors import MatcherError
from alerts.matchers import Matchers, parse

Secret = SecretStr
"""Never in a repr, a log line or an error; `.get_secret_value()` where it is sent."""

_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_UNITS_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+", re.ASCII)
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)", re.ASCII)
_SIZE = re.compile(r"(\d+)(B|KiB|MiB|GiB)", re.ASCII)
_LISTEN = re.compile(r"(\[[0-9a-fA-F:]+\]|[^:\[\]\s]+):(\d{1,5})")


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise ValueError(f"expected a length of time such as 90s, 5m or 1h30m, got {value!r}")
    return timedelta(seconds=sum(float(n) * _UNITS_S[unit] for n, unit in _DURATION_PART.findall(value)))


def _size(value: object) -> int:
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError(f"expected a size such as 512KiB or 10MiB, got {value!r}")
    return int(found[1]) * _UNITS_BYTES[found[2]]


def _listen(value: object) -> str:
    found = _LISTEN.fullmatch(value) if isinstance(value, str) else None
    if not found or int(found[2]) > 65535:
        raise ValueError(f"expected HOST:PORT such as 127.0.0.1:8080, got {value!r}")
    return found[0]


def _matchers(value: object) -> Matchers:
    if isinstance(value, Matchers):
        return value
    if not isinstance(value, str):
        raise ValueError(f"expected matchers such as 'severity=\"critical\"', got {value!r}")  # noqa: TRY004 pydantic wants ValueError
    try:
        return parse(value)
    except MatcherError as error:
        raise ValueError(str(error)) from error


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""`90s`, `5m`, `1h30m`, `500ms`."""
Size = Annotated[int, BeforeValidator(_size)]
"""`512KiB`, `10MiB`: a number of bytes."""
Listen = Annotated[str, BeforeValidator(_listen)]
"""`HOST:PORT`."""
MatchersField = Annotated[Matchers, PlainValidator(_matchers), PlainSerializer(str, return_type=str)]
"""Alertmanager matchers as text, parsed when the file is read."""
