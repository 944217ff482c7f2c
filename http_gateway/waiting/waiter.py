"""One request that waits: what was stored of it, and what is known of that so far."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from http_gateway.waiting.known import Entry, Known, Stored

if TYPE_CHECKING:
    from alerts.reply import Decided, Outcome
    from alerts.webhook import Webhook


class Waiter:
    """Made before anything is stored, for the flow may be faster than the broker's report."""

    def __init__(self, address: str) -> None:
        """Call it on the running loop."""
        self.address = address
        """What the records carry: where the flow is to write."""
        self.stored = Stored((), ())
        self.known = Known()
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Why it waits no more."""
        self._places: frozenset[int] | None = None
        """Of the alerts that are stored; None until they are known."""

    def expects(self, webhook: Webhook) -> None:
        """What is valid of this is about to be stored."""
        entries = tuple(Entry(one.position, one.owner, one.labels.get("alertname", "")) for one in webhook.submissions)
        self.stored = Stored(entries, tuple(webhook.rejected))
        self._places = frozenset(entry.position for entry in entries)

    def hears(self, news: Decided | Outcome) -> bool:
        """Take note; whether all is known now."""
        self.known.add(news)
        return self.is_complete

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to wait for."""
        return self._places is not None and self.known.is_complete(self._places)

    def end(self, why: str) -> None:
        """Wait no more."""
        if not self.ended.done():
            self.ended.set_result(why)
