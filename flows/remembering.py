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
    from flows.steps.dedup import Counted, Seen, State


class Known(NamedTuple):
    """What dedup remembered of an alert."""

    passed_ms: int
    status: Status
    """As what it last passed."""
    ends_ms: int | None = None
    """Until when it fires, as far as an expiry told."""
    counted: Counted | None = None
    """How often it was told; None: that is not known yet."""


class Remembering(Dedup):
    """Judges as `Dedup`, and is reminded of an alert when it first sees it, and later of how often it was told."""

    def __init__(self, window: timedelta, known: Mapping[str, Known]) -> None:
        """`known` is what was remembered when an event was judged then, by its input id."""
        super().__init__(window)
        self._known = known
        self._guessed: set[int] = set()
        """Fingerprints of alerts of which it is not known how often they were told."""

    def __call__(self, state: State, arrival: Arrival) -> Seen:
        """As `Dedup`."""
        known = self._known.get(arrival.id)
        if known is not None:
            self._remind(state, arrival, known)
        return super().__call__(state, arrival)

    def _remind(self, state: State, arrival: Arrival, known: Known) -> None:
        key = int(arrival.fingerprint, 16)
        if state.memory.number(key) is None:
            self.remind(state, arrival, known.passed_ms, known.status)
            self._guessed.add(key)
            number = state.memory.number(key)
            if known.ends_ms is not None and number is not None:
                # Nobody reads its record: there is no silence here.
                state.memory.timers.put(number, key, known.ends_ms, 0)
        if known.counted is not None and key in self._guessed:
            self._guessed.remove(key)
            self.recount(state, arrival, known.counted)
