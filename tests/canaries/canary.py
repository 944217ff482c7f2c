"""Canary secrets: made up, unlike anything else, and looked for in all that leaves a process."""

from __future__ import annotations

import base64
import json
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import quote

from pydantic import BaseModel, SecretStr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Canaries:
    """Mints secrets and remembers where each was planted."""

    def __init__(self) -> None:
        self._number = count(1)
        self._planted: dict[str, str] = {}

    def mint(self, where: str) -> str:
        """A new secret for a place; 30 characters that are fit for a URL, a header and an environment variable."""
        secret = f"canary-{next(self._number):03d}-kept-out-of-sight-{len(self._planted):03d}"
        self._planted[secret] = where
        return secret

    def mint_signing(self, where: str) -> str:
        """A new secret as Standard Webhooks writes them."""
        return "whsec_" + base64.b64encode(self.mint(where).encode()).decode()

    def at(self, where: str) -> list[str]:
        """The secrets of a place."""
        return [secret for secret, place in self._planted.items() if place == where]

    def places(self) -> set[str]:
        """Where there are any."""
        return set(self._planted.values())

    def found(self, evidence: Mapping[str, bytes | str], own: str = "") -> list[str]:
        """Each secret that stands in a piece of evidence, in some spelling, as `WHERE in EVIDENCE`.

        Args:
            evidence: What left the processes, by a name for messages.
            own: Where the evidence may have its secrets from: places that begin so.
        """
        return [
            f"{where} in {name}"
            for name, text in evidence.items()
            for secret, where in self._planted.items()
            if not (own and where.startswith(own)) and _holds(text.encode() if isinstance(text, str) else text, secret)
        ]


def _holds(text: bytes, secret: str) -> bool:
    return any(spelling in text for spelling in _spellings(secret))


def _spellings(secret: str) -> Iterator[bytes]:
    plain = secret.encode()
    yield plain
    yield plain.hex().encode()
    yield quote(secret, safe="").replace("-", "%2D").encode()
    yield json.dumps(secret)[1:-1].encode()
    # In base64 it looks different by its place in what was encoded; the ends depend on the neighbours.
    for before in range(3):
        yield base64.b64encode(b"x" * before + plain)[4 if before else 0 : -4]
        yield base64.urlsafe_b64encode(b"x" * before + plain)[4 if before else 0 : -4]


def hidden_fields(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """The names of all fields that hold secrets, in a model and those in it: `kafka.client`."""
    for name, info in model.model_fields.items():
        here = f"{path}.{name}".strip(".")
        if not info.repr or _names(info.annotation, SecretStr):
            yield here
        for inner in _models(info.annotation):
            yield from hidden_fields(inner, here)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for argument in getattr(annotation, "__args__", ()):
        yield from _models(argument)


def _names(annotation: object, wanted: type) -> bool:
    return annotation is wanted or any(_names(argument, wanted) for argument in getattr(annotation, "__args__", ()))
