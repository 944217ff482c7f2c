"""The rules of a list by what they want of labels, so that each is compared with few of the others."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerts.matcher_reach import Reach

    Key = tuple[str, str] | None


class RuleIndex:
    """Places of rules. To lie in another, a rule must restrict each label that the other does to some of its values."""

    def __init__(self) -> None:
        self._places: defaultdict[Key, list[int]] = defaultdict(list)
        """By one label and each of its values; None: those that restrict none to values."""

    def add(self, place: int, reach: Reach) -> None:
        """Keep the place of a rule whose matchers reach so far."""
        choices: list[list[Key]] = [[(label, value) for value in values] for label, values in reach.choices()]
        # By the label that tells it best from those that are there.
        keys = min(choices, key=self._load, default=[None])
        for key in keys:
            self._places[key].append(place)

    def _load(self, keys: list[Key]) -> tuple[int, int]:
        return sum(len(self._places[key]) for key in keys), len(keys)

    def around(self, reach: Reach) -> list[int]:
        """The places of all rules that such a rule may lie in, in their order, and of some others."""
        keys: list[Key] = [None, *((label, min(values)) for label, values in reach.choices() if values)]
        return sorted({place for key in keys for place in self._places.get(key, ())})
