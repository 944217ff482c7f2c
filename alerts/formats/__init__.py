"""Ingest formats, one file each, found by name: `<name>.py` holds `PATHS`, `read`, `alone` and `content`.

One that takes other content types than `application/json` names them in `TYPES`, in lower case; other methods than POST
in `METHODS`. Where a part of the meaning lies in headers, `HEADERS` has how their names begin, in lower case: these are
read, and kept with what could not be read. `BODIES` describes what it takes to senders, by content type, with examples;
without it a format says of itself that it takes any JSON. `read` holds a body against `alerts.crowd`, unless lists in
it need not be alerts.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.described import Body
    from alerts.webhook import Content, Received, Webhook


class Format(Protocol):
    """What a module in this folder must have."""

    PATHS: tuple[str, ...]
    """URL paths that take this format."""

    def read(self, received: Received) -> Webhook:
        """The alerts of one request and what is wrong with the others.

        Raises:
            FormatError: Nothing in it can be used.
        """

    def alone(self, line: bytes) -> bytes:
        """A body with this alert alone, so that one that was refused can be read again."""

    def content(self, line: bytes) -> Content:
        """What one line of a record holds beside what its header says.

        Raises:
            FormatError: The line is not what `read` let through.
        """


def types(form: object) -> tuple[str, ...]:
    """The content types it takes; none at all always is."""
    found: tuple[str, ...] = getattr(form, "TYPES", ("application/json",))
    return found


def methods(form: object) -> tuple[str, ...]:
    """The HTTP methods it takes."""
    found: tuple[str, ...] = getattr(form, "METHODS", ("POST",))
    return found


def header_prefixes(form: object) -> tuple[str, ...]:
    """How the names of the headers begin that it reads."""
    found: tuple[str, ...] = getattr(form, "HEADERS", ())
    return found


def bodies(form: object) -> Mapping[str, Body]:
    """What it takes, by content type, as far as it says so."""
    found: Mapping[str, Body] = getattr(form, "BODIES", {})
    return found


def lines_as(form: object, name: str) -> str:
    """The name of the format that reads its lines: its own, unless it makes others of what it reads."""
    found: str = getattr(form, "LINES", name)
    return found


@cache
def formats() -> Mapping[str, Format]:
    """Every format, by the name of its file."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return MappingProxyType({name: importlib.import_module(f"{__name__}.{name}") for name in names})
