"""The secrets that a configuration holds, so that they can be kept out of what is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, SecretStr

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST_CHARS = 6
"""What is shorter stands in too many other words to be taken out of a text."""

# An address's path holds words too (`/api/v2/alerts`); those of Slack's that are secret have 24 characters.
_SEGMENT_LEAST_CHARS = 16
# librdkafka's CONFIGURATION.md: sasl.password, ssl.key.pem, sasl.oauthbearer.client.secret and so on.
_SECRET_SETTING = re.compile(r"password|secret|token|\bpem\b|oauthbearer\.config")


def secrets(config: BaseModel) -> frozenset[str]:
    """Every value that may not be seen, and the parts of addresses that are secret by themselves."""
    return frozenset(text for text in _of_model(config) if len(text) >= LEAST_CHARS)


def _of_model(model: BaseModel) -> Iterator[str]:
    for name, info in type(model).model_fields.items():
        yield from _of(getattr(model, name), name, is_hidden=not info.repr)


def _of(value: object, name: str, *, is_hidden: bool) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from _of_model(value)
    elif isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _of(part, str(key), is_hidden=is_hidden and bool(_SECRET_SETTING.search(str(key))))
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            yield from _of(part, name, is_hidden=is_hidden)
    elif isinstance(value, str) and is_hidden:
        yield from _of_address(value) if value.startswith(("http://", "https://")) else (value,)


def _of_address(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    if parts.username or parts.query:
        yield url
    # Beside a password the user's name is no secret, and often a word that stands in every line.
    for text in (parts.password or parts.username, *(value for _, value in parse_qsl(parts.query))):
        if text:
            yield from {text, unquote(text)}
    yield from (segment for segment in parts.path.split("/") if len(segment) >= _SEGMENT_LEAST_CHARS)
