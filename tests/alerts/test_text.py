from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import text
from connectors.text import escape_slack

ANY = st.text(st.characters(exclude_categories=()))
FAMILY = "👩\u200d👩\u200d👧\u200d👦"


def test_text_at_the_limit_is_left_alone() -> None:
    assert text.cut("abcde", 5) == "abcde"


def test_text_over_the_limit_ends_in_an_ellipsis_within_the_limit() -> None:
    assert text.cut("abcdef", 5) == "abcd…"


@pytest.mark.parametrize(("limit", "expected"), [(-1, ""), (0, ""), (1, "…"), (2, "a…")])
def test_small_limits(limit: int, expected: str) -> None:
    assert text.cut("abcdef", limit) == expected


@pytest.mark.parametrize(
    "cluster",
    ["e\u0301", FAMILY, "🇩🇪", "👍🏽", "🏴\U000e0067\U000e0062\U000e007f", "❤\ufe0f", "\u0928\u093f"],
    ids=["accent", "family", "flag", "skin tone", "region", "variation", "vowel sign"],
)
def test_cluster_is_kept_whole_or_left_out(cluster: str) -> None:
    sample = "ab" + cluster + "cdefghijklmno"
    for limit in range(1, text.width(sample)):
        kept = text.cut(sample, limit).removesuffix("…")
        assert kept in {"", "a", "ab"} or kept.startswith("ab" + cluster)


def test_flags_are_kept_in_pairs() -> None:
    assert text.cut("🇩🇪🇫🇷🇮🇹", 7) == "🇩🇪…"


def test_endless_cluster_is_cut_all_the_same() -> None:
    assert text.width(text.cut("e" + "\u0301" * 500, 100)) == 100


def test_astral_characters_count_twice() -> None:
    assert text.cut("😀😀😀", 5) == "😀😀…"


def test_cut_counts_what_is_written_and_never_splits_an_escape() -> None:
    assert text.cut("a&&&", 9, escape_slack) == "a&amp;…"


@given(ANY, st.integers(0, 40))
def test_cut_is_a_beginning_within_the_limit_and_says_so(sample: str, limit: int) -> None:
    cut = text.cut(sample, limit)
    assert text.width(cut) <= limit
    assert cut == sample or not limit or (cut.endswith("…") and sample.startswith(cut[:-1]))


@given(ANY)
def test_printable_is_utf8_without_controls(sample: str) -> None:
    shown = text.printable(sample)
    assert shown.encode().decode() == shown
    assert not [c for c in shown if unicodedata.category(c) == "Cc" and c not in "\t\n"]


def test_printable_keeps_right_to_left_text_and_drops_what_reorders() -> None:
    assert text.printable("\u202e\u05e9\u05dc\u200f\u2066") == "\u05e9\u05dc\u200f"


def test_sendable_keeps_controls_but_nul() -> None:
    assert text.sendable("a\x00b\x07\ud800") == "ab\x07\ufffd"


def test_one_line_has_no_line_breaks() -> None:
    assert text.one_line(" a\n\tb \r\n c ") == "a b c"
