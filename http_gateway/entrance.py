"""A path that takes alerts, and what it takes: all that a request is held against, prepared once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alerts.formats import methods, types
from http_gateway.metrics import Meter

if TYPE_CHECKING:
    from alerts.formats import Format
    from http_gateway.answers import Headers
    from http_gateway.intake import Intake

# contract.md: the limit on alerts is the proxy endpoint's (the other paths are bounded by the body's size), and so is
# the answer to a sender that waits.
_PROXY = frozenset({"/webhook/proxy", "/api/v1/webhook/proxy"})


class Entrance(NamedTuple):
    """A path that takes alerts."""

    intake: Intake
    limit: int | None
    """On the alerts of one request."""
    meter: Meter
    methods: frozenset[str]
    allow: Headers
    """What a 405 says."""
    types: frozenset[bytes]
    """Content types it takes, in lower case."""
    may_wait: bool
    """Whether its sender may wait for what becomes of the alerts."""


def entrance(intake: Intake, form: Format, path: str, limit: int) -> Entrance:
    """What `path` takes; `limit` counts where the contract has one."""
    taken = methods(form)
    return Entrance(
        intake,
        limit if path in _PROXY else None,
        Meter(path),
        frozenset(taken),
        ((b"allow", ", ".join(taken).encode()),),
        frozenset(kind.encode() for kind in types(form)),
        path in _PROXY,
    )
