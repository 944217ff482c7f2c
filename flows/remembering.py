"""Dedup that begins in the middle: what it would remember of an alert by then is in the decisions of that time. Pure.

Without it an alert that has been firing for days would pass at another moment than it did, in every window anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flows.steps.dedup import Dedup

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from alerts.alert import Arrival, Status
    from flows.steps.dedup import Seen, State


class Known(NamedTuple):
    """What dedup remembered of an alert."""

    passed_ms: int
    status: Status
    """As what it last passed."""


class Remembering(Dedup):
    """Judges as `Dedup`, and is reminded of an alert when it first sees it."""

    def __init__(self, window: timedelta, known: Mapping[str, Known]) -> None:
        """`known` is what was remembered when an event was judged then, by its input id."""
        super().__init__(window)
        self._known = known

    def __call__(self, state: State, arrival: Arrival) -> Seen:
        """As `Dedup`."""
        known = self._known.get(arrival.id)
        if known is not None and state.memory.number(int(arrival.fingerprint, 16)) is None:
            self.remind(state, arrival, *known)
        return super().__call__(state, arrival)
