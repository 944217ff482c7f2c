"""Mann and Whitney's rank test: whether two samples may have come from the same."""

from __future__ import annotations

from collections import Counter
from math import comb
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Ranks(NamedTuple):
    """What the ranks say."""

    chance: float
    """That ranks lie so far apart, or farther, though both are the same: 0 to 1."""
    is_above: bool
    """Whether the second sample lies above the first."""


def compare(one: Sequence[float], two: Sequence[float]) -> Ranks:
    """Exact and two-sided; equal values share their ranks.

    It counts the ways to choose so many of all ranks by their sum, so it is for dozens of values, not for thousands.
    """
    ranks = _doubled([*one, *two])
    size, total = len(one), sum(ranks[: len(one)])
    ways: list[Counter[int]] = [Counter({0: 1}), *(Counter[int]() for _ in one)]
    for rank in ranks:
        for chosen in range(size, 0, -1):
            for found, count in ways[chosen - 1].items():
                ways[chosen][found + rank] += count
    middle = size * (len(ranks) + 1)
    far = sum(count for found, count in ways[size].items() if abs(found - middle) >= abs(total - middle))
    return Ranks(far / comb(len(ranks), size), total < middle)


def least_chance(one: int, two: int) -> float:
    """Of samples of these sizes: what `compare` says of two that do not overlap at all."""
    return min(1.0, 2 / comb(one + two, one))


def _doubled(values: Sequence[float]) -> list[int]:
    """Twice the rank of each, so that shared ones are whole."""
    counts = Counter(values)
    doubled: dict[float, int] = {}
    before = 0
    for value in sorted(counts):
        doubled[value] = 2 * before + counts[value] + 1
        before += counts[value]
    return [doubled[value] for value in values]
