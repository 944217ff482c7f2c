"""Counts what happened within the last minute, by alert name, source, target and verdict."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.happening import Happening

MINUTE_MS = 60_000
_SECOND_MS = 1000
# Of one second and kind; what is more is counted together, so that a flood of names does not fill the memory.
_WORDS_MAX = 1000
OTHERS = "(others)"


class Counts(NamedTuple):
    """How often, by what."""

    events: Counter[str]
    """Alert events: one under `all`."""
    names: Counter[str]
    sources: Counter[str]
    verdicts: Counter[str]
    """`step: verdict`, of what decided where an event went and of the ends of deliveries."""
    targets: Counter[str]
    """`target: outcome` of ended deliveries."""


def _nothing() -> Counts:
    return Counts(Counter(), Counter(), Counter(), Counter(), Counter())


class Minute:
    """A window that slides by the second."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, Counts]] = deque()
        """Oldest first."""

    def add(self, ends: Iterable[Happening]) -> None:
        """Count what `alerts.happening.ends` gives: one for each event, one for each end of a delivery."""
        for one in ends:
            counts = self._at(one.at_ms // _SECOND_MS)
            _more(counts.verdicts, f"{one.step}: {one.verdict}")
            if one.step == "publish":
                for target in one.targets:
                    _more(counts.targets, f"{target}: {one.verdict}")
            else:
                counts.events["all"] += 1
                _more(counts.names, one.name)
                _more(counts.sources, one.source)

    def counts(self, now_ms: int) -> Counts:
        """What was written within the minute before `now_ms`; what is older is forgotten."""
        first = (now_ms - MINUTE_MS) // _SECOND_MS + 1
        while self._seconds and self._seconds[0][0] < first:
            self._seconds.popleft()
        total = _nothing()
        for _, counts in self._seconds:
            for sum_, part in zip(total, counts, strict=True):
                sum_.update(part)
        return total

    def _at(self, second: int) -> Counts:
        """The counts of a second; partitions are mixed, so it may be one before the last."""
        place = len(self._seconds)
        while place and self._seconds[place - 1][0] > second:
            place -= 1
        if not place or self._seconds[place - 1][0] != second:
            self._seconds.insert(place, (second, _nothing()))
            place += 1
        return self._seconds[place - 1][1]


def _more(counter: Counter[str], word: str) -> None:
    counter[word if word in counter or len(counter) < _WORDS_MAX else OTHERS] += 1
