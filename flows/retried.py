"""Dead letters that come back: each goes on once, and none after something newer was told of its alert. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.decision import Verdict
from alerts.retry import place_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.retry import Retry

RETRIED = "retried"
DUPLICATE = "duplicate"
SUPERSEDED = "superseded"

# Of one partition. `winnow dead-letters retry` leaves out what it sees was retried; this catches two that run at once.
REMEMBERED_MAX = 4096


class Retried:
    """Which letters of one partition were sent again lately.

    As plain data it is the list of their places as numbers, the oldest first.
    """

    def __init__(self, places: Iterable[int] = ()) -> None:
        self._places = dict.fromkeys(places)

    def __call__(self, retry: Retry, passed_ms: int | None) -> Verdict:
        """Whether it is sent; `passed_ms` is when its alert last told something new, None if that is not known."""
        place = place_number(retry.letter)
        if place in self._places:
            return Verdict(DUPLICATE, "letter", {})
        if retry.newest_ms is not None and passed_ms is not None and passed_ms > retry.newest_ms:
            return Verdict(SUPERSEDED, "newer", {"passed_ms": passed_ms})
        self._places[place] = None
        if len(self._places) > REMEMBERED_MAX:
            del self._places[next(iter(self._places))]
        return Verdict(RETRIED, "letter", {})

    def plain(self) -> list[int]:
        """What a snapshot holds."""
        return list(self._places)
