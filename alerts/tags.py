"""Tags as systems write them -> labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

# Zabbix: tag; CloudWatch: name, Name; Kubernetes and AWS: key, Key.
_NAMES = ("name", "key", "tag", "Name", "Key")
_VALUES = ("value", "Value")
_SPLIT = re.compile(r"[:=]")


def pairs(value: object) -> dict[str, str]:
    """Names with text out of an object, a list of pairs or of `{name, value}`, or `a:b, c=d`.

    The last of a name counts. What is none of these is passed over, and so are names and values that are empty; a tag
    without a value is `true`.
    """
    found: dict[str, str] = {}
    for name, one in _pairs(value):
        text = _text(one)
        if isinstance(name, str) and name.strip() and text:
            found[name.strip()] = text
    return found


def _pairs(value: object) -> Iterator[tuple[object, object]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, str):
        yield from (_parted(part) for part in value.split(","))
    elif isinstance(value, list):
        for entry in value:
            yield _entry(entry)


def _entry(entry: object) -> tuple[object, object]:
    if isinstance(entry, str):
        return _parted(entry)
    if isinstance(entry, list) and len(entry) == 2:
        return entry[0], entry[1]
    if isinstance(entry, dict):
        name = next((entry[key] for key in _NAMES if key in entry), None)
        return name, next((entry[key] for key in _VALUES if key in entry), None)
    return None, None


def _parted(text: str) -> tuple[str, str]:
    name, *rest = _SPLIT.split(text.strip(), maxsplit=1)
    return name, rest[0].strip() if rest else "true"


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return orjson.dumps(value).decode()
    return ""
