"""Which labels tell alerts of one name apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def differing(labels: Sequence[Mapping[str, str]], at_most: int) -> list[str]:
    """The names of labels that are not the same in all, those with the most values first.

    A label that one of them lacks is as good as an empty one.
    """
    names = {name for one in labels for name in one}
    counts = {name: len({one.get(name, "") for one in labels}) for name in names}
    apart = [name for name, count in counts.items() if count > 1]
    return sorted(apart, key=lambda name: (-counts[name], name))[:at_most]
