from __future__ import annotations

import html
import json
import weakref

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import text
from tests.support.build import HOSTILE

ANY = st.text(st.characters(exclude_categories=()))
FAMILY = "👩\u200d👩\u200d👧\u200d👦"


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


def test_what_is_too_long_for_a_link_is_not_remembered() -> None:
    class Sample(str):  # noqa: SLOT000 it needs room for the reference
        """One that a weak reference can be had of."""

    sample = Sample("https://a.example/" + "x" * text.URL_MAX_CHARS)
    kept = weakref.ref(sample)
    assert text.web_link(sample) is None
    del sample
    assert kept() is None


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
