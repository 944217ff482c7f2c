"""What is packed comes back, in order, and what did not change is not packed again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.pages import Pages, unpack

NAMES = st.integers(0, 300).map(str)
ROUNDS = st.lists(st.lists(st.tuples(NAMES, st.none() | st.integers(0, 3).map(str)), max_size=300), max_size=5)


@given(ROUNDS)
def test_what_comes_back_is_what_was_put_and_not_dropped_in_the_order_it_came(
    rounds: list[list[tuple[str, str | None]]],
) -> None:
    pages, known = Pages(), dict[str, str]()
    for changes in rounds:
        for name, text in changes:
            if text is None:
                pages.drop(name)
                known.pop(name, None)
            else:
                pages.put(name, text)
                known[name] = text
        assert list(unpack(pages.packed())) == list(known.values())


def test_only_the_page_of_what_changed_is_packed_again() -> None:
    pages = Pages()
    for number in range(1000):
        pages.put(str(number), str(number))
    before = pages.packed()
    pages.put("500", "other")
    after = pages.packed()
    assert sum(old is not new for old, new in zip(before, after, strict=True)) == 1


def test_what_was_packed_does_not_change_with_the_pages() -> None:
    pages = Pages()
    pages.put("a", "before")
    packed = pages.packed()
    pages.drop("a")
    assert pages.packed() == []
    assert list(unpack(packed)) == ["before"]


def test_a_storm_of_like_alerts_takes_a_fraction() -> None:
    pages, texts = (
        Pages(),
        [f'{{"alertname":"HighErrorRate","instance":"api-{number}"}}' * 10 for number in range(1000)],
    )
    for number, text in enumerate(texts):
        pages.put(str(number), text)
    assert sum(map(len, pages.packed())) < sum(map(len, texts)) / 5
