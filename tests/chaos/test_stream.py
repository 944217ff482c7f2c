"""The alerts of a run: the same for the same seed, and the states of an alert in an order that makes sense."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from tests.chaos.stream import Body, Group


def bodies(seed: int, count: int = 60) -> list[Body]:
    return list(islice(Group(seed, 3, 1_764_000_000_000).bodies(), count))


def test_the_same_seed_makes_the_same_bodies() -> None:
    assert bodies(7) == bodies(7)
    assert bodies(7) != bodies(8)


def test_an_alert_is_resolved_only_while_it_fires_and_begins_anew_with_a_later_start() -> None:
    last: dict[str, tuple[str, str]] = {}
    for body in bodies(1):
        for name, status, starts_at in body.told:
            before, began = last.get(name, ("resolved", ""))
            assert (status, before) != ("resolved", "resolved")
            assert starts_at > began if before == "resolved" else starts_at == began
            last[name] = (status, starts_at)


def test_no_alert_is_twice_in_a_body_and_most_are_repeats() -> None:
    seen: set[str] = set()
    fresh = Counter[bool]()
    for body in bodies(1, 200)[50:]:
        names = [one.name for one in body.told]
        assert len(names) == len(set(names)) == 100
        fresh.update(name not in seen for name in names)
        seen.update(names)
    assert 0.02 < fresh[True] / fresh.total() < 0.06
