"""Webhooks in a file, as `winnow export` writes them: a JSON object a line, one for each record of the topic.

    {"partition": 0, "offset": 7, "accepted_ms": 1764000000000, "lines": ["<header>", "<alert>", ...]}

The lines are those of the record (`alerts/record.py`), as they are; what is no UTF-8 stands in `base64` instead.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

import orjson

from alerts.errors import WinnowError
from alerts.record import Stored
from winnow._recorded import Span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVERYTHING = Span(-(2**62), -(2**62), 2**62)


def line(record: Stored) -> bytes:
    """A record as the file holds it."""
    partition, offset, accepted_ms, value = record
    head = {"partition": partition, "offset": offset, "accepted_ms": accepted_ms}
    try:
        held: dict[str, object] = {"lines": value.decode().split("\n")}
    except UnicodeDecodeError:
        held = {"base64": base64.b64encode(value).decode()}
    return orjson.dumps({**head, **held}, option=orjson.OPT_APPEND_NEWLINE)


def read(file: Path) -> Iterator[Stored]:
    """The records of a file, in its order.

    Raises:
        WinnowError: It cannot be read, or holds something else.
    """
    try:
        with file.open("rb") as opened:
            for number, text in enumerate(opened, 1):
                if text.strip():
                    yield _record(text, f"{file}:{number}")
    except OSError as error:
        raise WinnowError(f"{file}: cannot be read: {error.strerror}") from error


def _record(text: bytes, where: str) -> Stored:
    try:
        row = orjson.loads(text)
        encoded = row.get("base64")
        value = "\n".join(row["lines"]).encode() if encoded is None else base64.b64decode(encoded, validate=True)
        return Stored(_count(row["partition"]), _count(row["offset"]), _count(row["accepted_ms"]), value)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise WinnowError(f"{where}: expected a record as `winnow export` writes it: {error}") from error


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("partition, offset and accepted_ms are whole numbers")
    return value
