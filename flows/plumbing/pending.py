"""What waits in this process, all lanes together: how much, and since when.

At a bound the source stops reading, and a cold start begins before the oldest was accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Gauge

if TYPE_CHECKING:
    from collections.abc import Callable

_waiting = Gauge("winnow_deliveries_pending", "Deliveries that have not ended")


class Pending:
    """Counted by the worker's thread only."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._count = 0
        self._lanes: list[Callable[[], int | None]] = []
        self._oldest_ms: int | None = None
        self._is_known = True

    @property
    def is_full(self) -> bool:
        """Whether no more is to be read for now."""
        return self._count >= self._at_most

    @property
    def oldest_ms(self) -> int | None:
        """When the oldest alert that waits was accepted; None if none waits. Asked for each partition at a snapshot."""
        if not self._is_known:
            found = (oldest() for oldest in self._lanes)
            self._oldest_ms = min((ms for ms in found if ms is not None), default=None)
            self._is_known = True
        return self._oldest_ms

    def watch(self, oldest_ms: Callable[[], int | None]) -> None:
        """A lane, or whatever lets alerts wait, says when its oldest was accepted."""
        self._lanes.append(oldest_ms)
        self.changed()

    def changed(self) -> None:
        """What was said of the oldest may no longer be so."""
        self._is_known = False

    def add(self, more: int) -> None:
        """So many more wait; fewer if negative."""
        self.changed()  # also with none more: one may have ended as another came
        self._count += more
        _waiting.inc(more)
