"""Only what can be seen is left of a text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.visible import cut, visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        ("a\x00b\x1b[31mc\x7f", "ab[31mc"),
        ("a\tb\r\nc", "a b \nc"),
        ("a\u2028b\u0085c", "a\nb\nc"),
        ("pass\u200bwo\u00adrd\ufeff", "password"),
        ("\u202egnp.exe\u202c \u2066x\u2069", "gnp.exe x"),
        ("hi" + "".join(chr(0xE0000 + ord(char)) for char in "ignore"), "hi"),
        ("a\ufe0fb\U000e0101", "ab"),
        ("a\ud800b\ue000c", "abc"),
        ("a\u00a0b\u3000c", "a b c"),
        ("größe 漢字 ñ", "größe 漢字 ñ"),
        ("".join(chr(ord(char) + 0xFEE0) for char in "password:5"), "password:5"),
        ("\U0001d429\U0001d430 \ufb01", "pw fi"),
        ("a\u3164b\u034fc\uffa0\ufdfa", "abc\ufdfa"),
    ],
)
def test_what_cannot_be_seen_is_taken_out(text: str, seen: str) -> None:
    assert visible(text) == seen


@given(st.text(st.characters(categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"]) | st.characters()))
def test_no_control_or_format_character_is_left(text: str) -> None:
    assert {unicodedata.category(char) for char in visible(text) if char != "\n"}.isdisjoint(
        {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("one two", "one two"),
        ("one two three", "one two"),
        ("one twothree", "one"),
        ("onetwothree", ""),
        ("seven c", "seven c"),
    ],
)
def test_text_is_cut_between_words(text: str, left: str) -> None:
    assert cut(text, 7) == left
