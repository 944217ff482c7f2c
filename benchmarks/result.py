"""The figures of one run as JSON: what `make bench OUT=FILE` writes, and what compares and draws them.

Shape: `{"v": 1, "machine": {...}, "parts": {"flow": [{"what", "value", "unit", ...}], ...}}`, of each figure the fields
of `Figure` that say something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from benchmarks.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.machine import Facts

VERSION = 1


class Result(NamedTuple):
    """One run."""

    machine: Facts
    parts: dict[str, list[Figure]]
    """In the order measured."""

    def figures(self) -> Iterator[Figure]:
        """Of all parts."""
        for figures in self.parts.values():
            yield from figures


class UnreadableError(Exception):
    """A file that holds no result, or one of another version."""


def encode(result: Result) -> bytes:
    """The result as indented JSON."""
    parts = {name: [_plain(figure) for figure in figures] for name, figures in result.parts.items()}
    value = {"v": VERSION, "machine": result.machine, "parts": parts}
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read(file: Path) -> Result:
    """What `encode` wrote into the file.

    Raises:
        UnreadableError: It is not there, or holds something else.
    """
    try:
        value = orjson.loads(file.read_bytes())
        if value["v"] != VERSION:
            raise UnreadableError(f"{file}: expected a result of version {VERSION}, got {value['v']!r}")
        parts = {name: [_figure(plain) for plain in figures] for name, figures in value["parts"].items()}
        return Result(value["machine"], parts)
    except OSError as error:
        raise UnreadableError(f"{file}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(f"{file}: expected JSON of `make bench OUT=FILE`: {type(error).__name__}") from error


def _plain(figure: Figure) -> dict[str, Any]:
    defaults = Figure._field_defaults
    return {name: value for name, value in figure._asdict().items() if value != defaults.get(name, ...)}


def _figure(plain: dict[str, Any]) -> Figure:
    figure = Figure(**plain)
    return figure._replace(rounds=tuple(figure.rounds), limit_rounds=tuple(figure.limit_rounds))
