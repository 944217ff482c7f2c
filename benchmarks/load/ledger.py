"""What `winnow ledger` says of a run."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from winnow.ledger import Asked, read

if TYPE_CHECKING:
    from alerts.config import Config

# Reading it takes the machine from the flow that it waits for.
_EVERY_S = 2.0


class Book(NamedTuple):
    """Where the alerts of a run ended."""

    accepted: int
    unaccounted: int
    """Without an end."""
    first: str
    """Of those the first, and what it lacks."""


def settled(config: Config, since: datetime, stalled_s: float) -> Book:
    """What was accepted since then, once all of it has an end, or nothing has found one for so long."""
    fewest, at = None, time.monotonic()
    while True:
        book = _book(config, since)
        if fewest is None or book.unaccounted < fewest:
            fewest, at = book.unaccounted, time.monotonic()
        if not book.unaccounted or time.monotonic() - at > stalled_s:
            return book
        time.sleep(_EVERY_S)


def _book(config: Config, since: datetime) -> Book:
    now = datetime.now(UTC)
    balance, _ = read(config, Asked(since, now, timedelta()), now)
    first = next((f"{one.id} at {one.place}: {one.lacks}" for one in balance.oldest), "")
    return Book(balance.accepted, balance.unaccounted, first)
