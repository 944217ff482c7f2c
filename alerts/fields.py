"""The kinds of value winnow.yaml is written in: lengths of time, sizes, addresses, matchers, secrets.

A fault says what was expected and never what came: the value may be a secret out of the environment. Whoever
reports the fault knows whether it may be shown (`alerts.config_faults`).
"""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    PlainSerializer,
    PlainValidator,
    SecretStr,
    ValidationInfo,
)

from alerts.config_tree import FromFile
from alerts.errors import MatcherError
from alerts.matchers import Matchers, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


class FileSecret(SecretStr):
    """A secret out of a file; who holds it for long can look whether the file has changed."""

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text)
        self.file = file
        """As winnow.yaml names it."""


def header_text(secret: SecretStr) -> SecretStr:
    """The secret, which stands in a header.

    Raises:
        ValueError: It holds what no header can: anything but visible ASCII and blanks between.
    """
    text = secret.get_secret_value()
    if not text or not text.isascii() or not text.isprintable() or text != text.strip():
        raise ValueError("expected visible ASCII characters, as a header takes them")
    return secret


def _secret(value: object) -> object:
    return FileSecret(str(value), value.file) if isinstance(value, FromFile) else value


Secret = Annotated[SecretStr, BeforeValidator(_secret)]
"""Never in a repr, a log line or an error; `.get_secret_value()` where it is sent."""
HeaderSecret = Annotated[Secret, AfterValidator(header_text)]
"""One that is sent in a header."""

LONGEST = timedelta(days=366)
"""No length of time in winnow.yaml is longer: what asks for more is a slip of the unit."""

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_UNITS_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
# At most 12 digits: enough for a year in milliseconds, and no product overflows a timedelta.
_DURATION = re.compile(r"(?:\d{1,12}(?:\.\d{1,6})?(?:ms|s|m|h|d|w))+", re.ASCII)
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)", re.ASCII)
_SIZE = re.compile(r"(\d{1,12})(B|KiB|MiB|GiB)", re.ASCII)
_LISTEN = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]\s/@]+):(\d{1,5})", re.ASCII)
# librdkafka: [protocol://]host[:port],...; the port is 9092 when left out (its CONFIGURATION.md).
_BROKER = re.compile(r"(?:[A-Za-z_]+://)?(?:\[[0-9a-fA-F:.]+\]|[^:\[\]\s/@,]+)(?::(\d{1,5}))?", re.ASCII)


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise ValueError("expected a length of time such as 90s, 5m or 1h30m")
    parts = [(float(n), unit) for n, unit in _DURATION_PART.findall(value)]
    # Compared before they are added up, part by part: a timedelta ends at about 2.7 million years.
    if any(n > LONGEST / _UNITS[unit] for n, unit in parts):
        raise ValueError("expected a length of time of at most 366d")
    total = sum((n * _UNITS[unit] for n, unit in parts), start=timedelta())
    if total > LONGEST:
        raise ValueError("expected a length of time of at most 366d")
    return total


def _above_nothing(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("expected a length of time of more than 0s")
    return value


def _within_an_hour(value: timedelta) -> timedelta:
    if value > timedelta(hours=1):
        raise ValueError("expected a length of time of at most 1h")
    return value


def _size(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError("expected a size such as 512KiB or 10MiB")
    return int(found[1]) * _UNITS_BYTES[found[2]]


def _listen(value: object) -> str:
    found = _LISTEN.fullmatch(value) if isinstance(value, str) else None
    if not found or int(found[2]) > 65535 or not _is_host(found[1]):
        raise ValueError("expected HOST:PORT such as 127.0.0.1:8080 or [::1]:8080 (0.0.0.0 for every address)")
    return found[0]


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return True
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True


def _bootstrap(value: str) -> str:
    brokers = [_BROKER.fullmatch(broker.strip()) for broker in value.split(",")]
    if not all(broker and int(broker[1] or 9092) in range(1, 65536) for broker in brokers):
        raise ValueError("expected brokers such as kafka-1:9092,kafka-2:9092")
    return value


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # its text quotes the address, which may hold a token
        is_usable = False
    if not is_usable or re.search(r"[\s\x00-\x1f\x7f]", value):
        raise ValueError("expected an address that begins with http:// or https:// and names a host")
    return value


def check_one_proof(field: str, given: object, url: str, url_field: str = "url") -> None:
    """Refuse an address that names a user beside a field which is sent as `Authorization` too.

    Raises:
        ValueError: Both are given. No request would go: aiohttp refuses to send the one and the other.
    """
    if given and "@" in urlsplit(url).netloc:
        raise ValueError(f"expected {field} or a user in {url_field}, got both: a request has room for one of them")


def _matchers(value: object) -> Matchers:
    if isinstance(value, Matchers):
        return value
    if not isinstance(value, str):
        raise ValueError("expected matchers such as 'severity=\"critical\"'")  # noqa: TRY004 pydantic wants ValueError
    try:
        return parse(str(value))
    except MatcherError as error:
        raise ValueError(str(error)) from error


def _zone(value: str, info: ValidationInfo) -> str:
    # Which zones there are stands in files, so whoever reads winnow.yaml brings the list along.
    zones: Callable[[], Collection[str]] | None = (info.context or {}).get("zones")
    if zones and value != "UTC" and value not in zones():
        raise ValueError("expected a time zone such as UTC or Europe/Berlin")
    return value


def spelled(length: timedelta) -> str:
    """A length of time, of no less than nothing, as `Duration` reads it: `1h10m`, `0s`."""
    left_ms = length // _UNITS["ms"]
    text = ""
    for unit in ("d", "h", "m", "s", "ms"):
        count, left_ms = divmod(left_ms, _UNITS[unit] // _UNITS["ms"])
        text += f"{count}{unit}" if count else ""
    return text or "0s"


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""`90s`, `5m`, `1h30m`, `500ms`; at most 366 days, 0 where the field allows it."""
Span = Annotated[Duration, AfterValidator(_above_nothing)]
"""A window or an age: more than nothing."""
Wait = Annotated[Span, AfterValidator(_within_an_hour)]
"""How long someone waits for an answer: more than nothing, at most an hour."""
Pause = Annotated[Duration, AfterValidator(_within_an_hour)]
"""How long nothing is done: perhaps 0s, at most an hour."""
Size = Annotated[int, BeforeValidator(_size)]
"""`512KiB`, `10MiB`: a number of bytes."""
Listen = Annotated[str, BeforeValidator(_listen)]
"""`HOST:PORT`; port 0 lets the system choose."""
Bootstrap = Annotated[str, AfterValidator(_bootstrap)]
"""`HOST:PORT`, several with commas between."""
Url = Annotated[str, AfterValidator(_url)]
"""`http://` or `https://`. May hold a token (Slack's do): give such a field `repr=False`."""
MatchersField = Annotated[Matchers, PlainValidator(_matchers), PlainSerializer(str, return_type=str)]
"""Alertmanager matchers as text, parsed when the file is read."""
Zone = Annotated[str, AfterValidator(_zone)]
"""Name of a time zone; checked against the `zones` of the validation context, if it has any."""
