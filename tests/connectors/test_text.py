from __future__ import annotations

import html
import json
import unicodedata

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import text
from tests.support.build import HOSTILE

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
    assert text.cut("a&&&", 9, text.escape_slack) == "a&amp;…"


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


@given(ANY)
def test_slack_escape_leaves_no_brackets_and_can_be_undone(sample: str) -> None:
    escaped = text.escape_slack(sample)
    assert not set("<>") & set(escaped)
    for mark, entity in (("<", "&lt;"), (">", "&gt;"), ("&", "&amp;")):
        escaped = escaped.replace(entity, mark)
    assert escaped == sample


@pytest.mark.parametrize("sample", ["*b*", "_i_", "~s~", "`c`", "a`b`c", "x *two words* y", "(*b*)"])
def test_formatting_marks_become_look_alikes(sample: str) -> None:
    assert not set("*~`") & set(text.unformatted(sample))
    assert not text.unformatted(sample).startswith("_")


@pytest.mark.parametrize("sample", ["node_down", "a*b", "pg_up == 0"])
def test_marks_inside_words_stay(sample: str) -> None:
    assert text.unformatted(sample) == sample


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("[a](http://x)", r"\[a\](http://x)"),
        ("![a](x)", r"\!\[a\](x)"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("# head", r"\# head"),
        ("- item\n+ more", "\\- item\n\\+ more"),
        ("1. first", r"1\. first"),
        ("    code", "   code"),
        ("a\n---", "a\n\\---"),
        ("snake_case", r"snake\_case"),
        ("1.5 and a-b", "1\\.5 and a-b"),
    ],
)
def test_markdown_shows_text_as_it_is(sample: str, expected: str) -> None:
    assert text.escape_markdown(sample) == expected


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("https://a.example/x?y=1&z=2#f", "https://a.example/x?y=1&z=2#f"),
        (" http://a.example:9090 ", "http://a.example:9090"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("HTTPS://A.example/", "HTTPS://A.example/"),
        ('https://a.example/\u00e4|<>"', "https://a.example/%C3%A4%7C%3C%3E%22"),
        ("https://a.example/100%", "https://a.example/100%25"),
    ],
)
def test_web_link_is_ascii_that_others_take(sample: str, expected: str) -> None:
    assert text.web_link(sample) == expected


@pytest.mark.parametrize(
    "sample",
    [
        "",
        "javascript:alert(1)",
        "ftp://a.example",
        "//a.example",
        "https://",
        "https:///x",
        "https://user:pass@a.example",
        "https://a.example/a b",
        "https://a.example/\nx",
        "https://a.example:99999/",
        "https://a.example:x/",
        "https://[::1",
        "https://a.example/\u202e",
        "https://a.example/" + "x" * text.URL_MAX_CHARS,
        "https://a<b>.example/",
        "https://a.example\\@b.example/",
    ],
)
def test_what_is_no_usable_address_is_no_link(sample: str) -> None:
    assert text.web_link(sample) is None


@given(ANY)
def test_web_link_never_raises_nor_leaves_what_ends_a_link(sample: str) -> None:
    link = text.web_link("https://a.example/" + sample)
    assert link is None or (link.isascii() and not set('<>|"\\ \n') & set(link))


def test_links_are_named_and_only_those_that_can_be_followed() -> None:
    annotations = {"runbook_url": "https://r.example", "dashboardURL": "javascript:1", "panel_url": "http://p.example"}
    assert text.links(annotations, "http://s.example") == [
        ("Runbook", "https://r.example"),
        ("Panel", "http://p.example"),
        ("Source", "http://s.example"),
    ]


@pytest.mark.parametrize(
    ("name", "summary", "expected"),
    [
        ("HighCPU", "", "HighCPU"),
        ("HighCPU", "node 1 is busy", "HighCPU: node 1 is busy"),
        ("HighCPU", "highcpu on node 1", "highcpu on node 1"),
        ("\x00", "", "(no name)"),
    ],
)
def test_headline_names_the_alert_once(name: str, summary: str, expected: str) -> None:
    assert text.headline(name, {"summary": summary}) == expected


@pytest.mark.parametrize("sample", [None, "", "0001-01-01T00:00:00Z", "yesterday", "2026-13-01T00:00:00Z", HOSTILE])
def test_what_names_no_moment_is_the_time_of_acceptance(sample: str | None) -> None:
    assert text.moment(sample, 1000) == "1970-01-01T00:00:01.000Z"


def test_moment_keeps_its_digits_and_is_in_upper_case() -> None:
    assert text.moment("2026-11-24t03:00:00.123456789z", 0) == "2026-11-24T03:00:00.123456789Z"


@given(st.dictionaries(ANY, ANY), st.integers(2, 300))
def test_cut_map_fits_and_is_sorted(values: dict[str, str], limit: int) -> None:
    kept = text.cut_map(values, limit)
    assert len(orjson.dumps(kept)) <= limit
    assert len(kept) <= len(values)


def test_cut_map_cuts_long_values_before_it_leaves_any_out() -> None:
    kept = text.cut_map({"a": "short", "b": "x" * 100_000, "c": "y" * 100_000}, 10_000)
    assert kept["a"] == "short"
    assert len(kept["b"]) == len(kept["c"]) == 4096


def test_cut_map_leaves_out_what_does_not_fit_and_keeps_what_comes_after() -> None:
    assert text.cut_map({"a" * 500: "", "b": "kept"}, 100) == {"b": "kept"}


@given(st.recursive(ANY | st.integers(0, 9) | st.none(), lambda inner: st.lists(inner) | st.dictionaries(ANY, inner)))
def test_json_is_utf8_with_sorted_names_and_without_nul(value: object) -> None:
    body = text.to_json(value)
    assert "\x00" not in str(json.loads(body))
    assert body == orjson.dumps(json.loads(body), option=orjson.OPT_SORT_KEYS)


def test_escaped_nul_that_was_meant_as_text_stays() -> None:
    assert json.loads(text.to_json([r"\u0000"])) == [r"\u0000"]


def test_entities_of_the_sender_are_shown_and_not_decoded() -> None:
    assert html.unescape(text.escape_slack("&lt;b&gt;")) == "&lt;b&gt;"
