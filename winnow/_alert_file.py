"""Webhooks in a file, as `winnow export` writes them: a JSON object a line, one for each record of the topic.

    {"partition": 0, "offset": 7, "accepted_ms": 1764000000000, "lines": ["<header>", "<alert>", ...]}

The lines are those of the record (`alerts/record.py`), as they are; what is no UTF-8 stands in `base64` instead.
"""

from __future__ import annotations

import base64
import binascii
import sys
from contextlib import contextmanager, nullcontext
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

import orjson

from alerts.errors import WinnowError
from alerts.record import Stored
from winnow._recorded import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

_STANDARD_INPUT = "-"
_NAMED = "standard input"

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


@contextmanager
def source(file: Path, *, is_read_twice: bool) -> Iterator[Callable[[], Iterator[Stored]]]:
    """A way to have the records of a file, in its order; `-` is standard input, which is kept if it is read twice.

    Raises:
        WinnowError: It cannot be read, or holds something else; from the records too.
    """
    name = str(file)
    if name != _STANDARD_INPUT:
        yield lambda: _read(lambda: file.open("rb"), name)
    elif not is_read_twice:
        yield lambda: _read(lambda: nullcontext(sys.stdin.buffer), _NAMED)
    else:
        with TemporaryFile() as kept:
            copyfileobj(sys.stdin.buffer, kept)

            def again() -> AbstractContextManager[IO[bytes]]:
                kept.seek(0)
                return nullcontext(kept)

            yield lambda: _read(again, _NAMED)


def _read(opening: Callable[[], AbstractContextManager[IO[bytes]]], name: str) -> Iterator[Stored]:
    try:
        with opening() as opened:
            for number, text in enumerate(opened, 1):
                if text.strip():
                    yield _record(text, f"{name}:{number}")
    except OSError as error:
        raise WinnowError(f"{name}: cannot be read: {error.strerror}") from error


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
