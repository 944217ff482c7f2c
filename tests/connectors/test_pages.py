"""What is packed comes back, in order, and what did not change is not packed again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.pages import Pages, unpack

ROUNDS = st.lists(st.dictionaries(st.integers(0, 300).map(str), st.integers(0, 3), max_size=200), max_size=5)


@given(ROUNDS)
def test_all_items_come_back_as_they_are_now(rounds: list[dict[str, int]]) -> None:
    pages = Pages[int](lambda item: f"item {item}")
    for items in rounds:
        assert sorted(unpack(pages.pack(items.items()))) == sorted(f"item {item}" for item in items.values())


def test_what_came_later_is_later_in_it() -> None:
    pages = Pages[str](str)
    pages.pack((name, name) for name in map(str, range(0, 200, 2)))
    names = [str(number) for number in range(200)]
    found = list(unpack(pages.pack((name, name) for name in names)))
    assert found == names[::2] + names[1::2]


def test_only_what_changed_is_encoded_again_and_its_page_packed_again() -> None:
    encoded: list[int] = []

    def encode(item: int) -> str:
        encoded.append(item)
        return str(item)

    pages, items = Pages[int](encode), {str(number): 10_000 + number for number in range(1000)}
    before = pages.pack(items.items())
    encoded.clear()
    items["500"] = 77_777
    after = pages.pack(items.items())
    assert encoded == [77_777]
    assert sum(old is not new for old, new in zip(before, after, strict=True)) == 1


def test_a_storm_of_like_alerts_takes_a_fraction() -> None:
    texts = {str(number): f'{{"alertname":"HighErrorRate","instance":"api-{number}"}}' * 10 for number in range(1000)}
    packed = Pages[str](str).pack(texts.items())
    assert sum(map(len, packed)) < sum(map(len, texts.values())) / 5
