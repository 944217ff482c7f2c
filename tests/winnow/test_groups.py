"""Partitions are read together as far as what is held of them stays within bounds."""

from __future__ import annotations

from winnow._groups import Groups


def grouped(held: dict[int, int], records: dict[int, int], at_most: int = 1000) -> list[list[int]]:
    """The groups of partitions that have these records, of which so much turns out to be held."""
    groups, found = Groups(records, at_most), []
    while group := groups.take():
        found.append(group)
        groups.held(sum(held[one] for one in group))
    return found


def test_first_group_is_one_partition_and_then_as_many_as_fit() -> None:
    assert grouped(dict.fromkeys(range(8), 400), dict.fromkeys(range(8), 40)) == [[0], [1, 2], [3, 4], [5, 6], [7]]


def test_empty_partitions_say_nothing_of_the_others() -> None:
    records = {0: 0, 1: 0, 2: 40, 3: 0, 4: 40, 5: 40}
    held = {number: 10 * count for number, count in records.items()}
    assert grouped(held, records) == [[0, 1, 2], [3, 4, 5]]


def test_partition_that_is_nearly_empty_says_nothing_of_the_size_of_the_others() -> None:
    records = {0: 1, **dict.fromkeys(range(1, 8), 400)}
    assert grouped({0: 1, **dict.fromkeys(range(1, 8), 400)}, records) == [[0], [1, 2], [3, 4], [5, 6], [7]]


def test_records_of_which_nothing_was_held_say_nothing() -> None:
    assert grouped({0: 0, 1: 900, 2: 900}, {0: 500, 1: 90, 2: 90}) == [[0], [1], [2]]


def test_partition_that_is_too_large_is_a_group() -> None:
    assert grouped(dict.fromkeys(range(3), 5000), dict.fromkeys(range(3), 10)) == [[0], [1], [2]]


def test_everything_empty_is_one_group() -> None:
    assert grouped({0: 0, 1: 0}, {0: 0, 1: 0}) == [[0, 1]]
    assert grouped({}, {}) == []
