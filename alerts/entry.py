"""What the formats that are made of JSON objects share: one entry of a list -> a line, faults, labels."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated

import msgspec
import orjson
from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from alerts.described import With
from alerts.errors import FormatError
from alerts.instant import instant, is_zero
from alerts.webhook import Fault, content_made

if TYPE_CHECKING:
    from pydantic import ValidationError

    from alerts.described import Schema
    from alerts.webhook import Content

# The most that `gateway.limits.labels` may allow. It bounds what one alert can cost every rule.
LABELS_MAX = 4096
# As many as an answer names. A million labels that are no text are a million faults: pydantic takes seconds to make
# them, in which nothing else runs.
FAULTS_MAX = 100
# Real group keys have under 1 KiB; they stand in every record, and a record must fit into Kafka.
ENVELOPE_MAX_CHARS = 8192


def instant_text(text: str) -> str:
    """The text, if it is RFC 3339; Go's zero time too.

    Raises:
        ValueError: It is not.
    """
    try:
        instant(text)  # remembered, so asked first; in some zones it calls the zero time no moment
    except ValueError:
        if not is_zero(text):
            raise
    return text


Instant = Annotated[str, AfterValidator(instant_text), With({"format": "date-time"})]
"""RFC 3339; Go's zero time too."""


LABELS: Schema = {"maxProperties": LABELS_MAX, "propertyNames": {"minLength": 1}}
"""What `check_labels` checks, in JSON Schema."""


def _is_no_crowd(value: object) -> object:
    """Stop before pydantic gathers a fault for each of a million values."""
    if isinstance(value, dict) and len(value) > FAULTS_MAX:
        wrong = sum(not isinstance(text, str) for text in value.values())
        if wrong > FAULTS_MAX:
            raise PydanticCustomError("crowd", "expected text, got something else {wrong} times", {"wrong": wrong})
    return value


Texts = Annotated[dict[str, str], BeforeValidator(_is_no_crowd)]
"""Labels or annotations."""


def check_labels(labels: dict[str, str]) -> None:
    """Refuse labels that no rule could name, and crowds of them.

    Raises:
        ValueError: It is so.
    """
    if "" in labels:
        raise ValueError("a label has no name")
    if len(labels) > LABELS_MAX:
        raise ValueError(f"at most {LABELS_MAX} labels, got {len(labels)}")


def line_of(entry: object) -> bytes:
    """The entry as compact JSON; without its fields that are nested deeper than orjson writes (254 levels)."""
    try:
        return orjson.dumps(entry)
    except orjson.JSONEncodeError:
        fields = entry if isinstance(entry, dict) else {}
        return orjson.dumps({name: value for name, value in fields.items() if _is_shallow(value)})


def _is_shallow(value: object) -> bool:
    try:
        orjson.dumps([value])
    except orjson.JSONEncodeError:
        return False
    return True


def bounded(text: str) -> str:
    """The text, or what of it fits and a hash that keeps it apart from others."""
    if len(text) <= ENVELOPE_MAX_CHARS:
        return text
    return text[: ENVELOPE_MAX_CHARS - 32] + blake2b(text.encode(), digest_size=16).hexdigest()


# What pydantic says, in words of senders: by its type of error, docs.pydantic.dev/latest/errors/validation_errors.
_EXPECTED = {
    "model_type": "expected an object ({...})",
    "dict_type": "expected an object ({...})",
    "list_type": "expected a list ([...])",
    "string_too_short": "expected text that is not empty",
}
_TOLD_ALONE = frozenset({"missing", "value_error", "alertname", "crowd"})
"""Errors that need no word on what came."""


def faults_of(error: ValidationError, where: str) -> tuple[Fault, ...]:
    """Each fault with its path, `alerts[2].labels.alertname`, and what came instead; of a crowd only how many."""
    if error.error_count() > FAULTS_MAX:
        return (Fault(where, f"{error.error_count()} fields are not what they should be"),)
    faults = []
    for fault in error.errors(include_url=False, include_context=False):
        path = where + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"])
        path += ".alertname" if fault["type"] == "alertname" else ""
        expected = fault["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
        expected = _EXPECTED.get(fault["type"], expected)
        came = "" if fault["type"] in _TOLD_ALONE else f", got {short(fault['input'])}"
        if fault["type"] == "too_short":  # of lists, only one of alerts has to have an entry
            expected, came = "expected at least one alert, got none", ""
        faults.append(Fault(path.removeprefix("."), expected + came))
    return tuple(faults)


def short(value: object) -> str:
    """A value for a person: the beginning of a text or a number; of a list or an object only that it is one."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Entry(msgspec.Struct, gc=False):
    """What of a line is text for people and rules; all else is skipped, which is half of the price of reading it."""

    labels: dict[str, str]
    annotations: dict[str, str] | None = None
    generatorURL: str | None = None  # noqa: N815 the sender's spelling


_read = msgspec.json.Decoder(_Entry).decode


def content_of(line: bytes) -> Content:
    """The `labels`, `annotations` and `generatorURL` of a line.

    Raises:
        FormatError: Not JSON, no `labels`, or one of them is no text.
    """
    try:
        entry = _read(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"line is no alert with labels: {type(error).__name__}") from error
    return content_made((entry.labels, entry.annotations or {}, entry.generatorURL or ""))
