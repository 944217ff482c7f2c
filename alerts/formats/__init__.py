"""Ingest formats, one file each, found by name: `<name>.py` holds `PATHS`, `read`, `alone` and `content`.

One that takes other content types than `application/json` names them in `TYPES`, in lower case.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

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


@cache
def formats() -> Mapping[str, Format]:
    """Every format, by the name of its file."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return MappingProxyType({name: importlib.import_module(f"{__name__}.{name}") for name in names})
