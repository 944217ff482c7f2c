"""What a waiting request knows so far of its alerts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alerts.reply import Decided, Outcome, position

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from alerts.webhook import Rejected


class Entry(NamedTuple):
    """One valid alert of a request."""

    position: int
    fingerprint: str
    name: str


class Stored(NamedTuple):
    """What became of a request's alerts at the gateway."""

    entries: tuple[Entry, ...]
    rejected: tuple[Rejected, ...]


class Known:
    """Decisions and outcomes of one request, in whatever order they come; the newest of each holds."""

    def __init__(self) -> None:
        self._decided: dict[int, Decided] = {}
        self._outcomes: dict[str, Outcome] = {}
        """By the id of the notification."""
        self._open: dict[str, int] = {}
        """Notifications that are planned and have no outcome, with the place of their alert."""

    def add(self, news: Decided | Outcome) -> None:
        """One thing more that is known."""
        if isinstance(news, Outcome):
            self._outcomes[news.delivery] = news
            self._open.pop(news.delivery, None)
        else:
            place = position(news.input)
            self._decided[place] = news
            self._open.update((planned.id, place) for planned in news.planned if planned.id not in self._outcomes)

    def decided(self, place: int) -> Decided | None:
        """What the steps said of the alert at this place; None while that is not known."""
        return self._decided.get(place)

    def outcome(self, delivery: str) -> Outcome | None:
        """How a notification ended; None while that is not known."""
        return self._outcomes.get(delivery)

    def is_complete(self, places: AbstractSet[int]) -> bool:
        """Whether the alerts at these places have their decision, and every notification planned of them its end.

        Winnow's own warning beside them (`alerts.truncated`) is nothing that their sender waits for.
        """
        return places <= self._decided.keys() and places.isdisjoint(self._open.values())
