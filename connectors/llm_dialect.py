"""What a dialect of language models renders and reads. Pure; `connectors/llm.py` sends."""

from __future__ import annotations

from typing import NamedTuple


class Said(NamedTuple):
    """What a server answered with status 200."""

    reply: str | dict[str, object]
    """The model's; text is JSON if all is well."""
    tokens: int
    """Of prompt and reply; 0: it does not say."""
    error: str = ""
    """Why there is no reply to read, and none would come if it were asked again; fit to be shown."""


# What claims more has lost count, and would use up the budget of a day.
_TOKENS_MAX = 10_000_000


def tokens(said: object) -> int:
    """What a server says that was used; 0 if that is no number of tokens."""
    return min(said, _TOKENS_MAX) if isinstance(said, int) and not isinstance(said, bool) and said > 0 else 0


def field(value: object, *path: str | int) -> object:
    """What stands at a path in parsed JSON; None if nothing does."""
    for part in path:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value
