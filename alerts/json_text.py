"""JSON as the world writes it: what Go and JavaScript accept is accepted, and means the same."""

from __future__ import annotations

import json

import orjson

from alerts.errors import FormatError


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def loads(body: bytes) -> object:
    """The value of a JSON text; lone surrogates and broken UTF-8 become U+FFFD, as Go reads them.

    Raises:
        FormatError: Not JSON, or nested deeper than about a thousand levels.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # In here: an error that has a name outside holds itself by its traceback, and the body with it.
        try:
            return _leniently(body)
        except (ValueError, RecursionError):
            raise FormatError(f"not JSON: {error}") from error


def _leniently(body: bytes) -> object:
    value = json.loads(body.decode("utf-8", "replace"), parse_constant=_no_constant)
    text = json.dumps(value, ensure_ascii=False)
    return orjson.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
