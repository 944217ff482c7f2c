"""How many deliveries wait in this process, all lanes together: at the bound the source stops reading."""

from __future__ import annotations

from prometheus_client import Gauge

_waiting = Gauge("winnow_deliveries_pending", "Deliveries that have not ended")


class Pending:
    """Counted by the worker's thread only."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._count = 0

    @property
    def is_full(self) -> bool:
        """Whether no more is to be read for now."""
        return self._count >= self._at_most

    def add(self, more: int) -> None:
        """So many more wait; fewer if negative."""
        self._count += more
        _waiting.inc(more)
