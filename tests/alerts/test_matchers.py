"""Matchers mean what they mean to Alertmanager, answer for every label set, and refuse what is absurd."""

import base64
import json
import pickle
from pathlib import Path
from typing import TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import MatcherError
from alerts.matchers import TEXT_MAX_CHARS, Matcher, Matchers, Op, parse

SAMPLES = Path(__file__).parents[1] / "samples" / "matchers.jsonl"


class Expected(TypedDict, total=False):
    ok: bool
    matchers: list[dict[str, str]]
    normalized: str
    match: list[bool]


Sample = tuple[str, list[dict[str, str]], Expected]


def _samples() -> dict[str, Sample]:
    """Text, label sets and what Alertmanager's default parser made of them, by the sample's id."""
    records = [json.loads(line) for line in SAMPLES.read_text().splitlines()]
    return {r["id"]: (_text(r), r["label_sets"], r["results"]["fallback_list"]) for r in records}


def _text(record: dict[str, str]) -> str:
    """As read from a file: bytes that are no UTF-8 come as lone surrogates."""
    return record.get("input") or base64.b64decode(record["input_b64"]).decode(errors="surrogateescape")


plain = st.builds(Matcher, st.text(min_size=1), st.sampled_from([Op.EQUAL, Op.NOT_EQUAL]), st.text())
patterned = st.builds(
    Matcher,
    st.text(min_size=1),
    st.sampled_from([Op.REGEX, Op.NOT_REGEX]),
    st.sampled_from(["a|b", ".*", r"\d+", ""]),
)
any_matchers = st.lists(plain | patterned, max_size=4).map(lambda found: Matchers(tuple(found)))
label_sets = st.dictionaries(st.text(), st.text(st.characters() | st.characters(categories=["Cs"])))
opposite = {Op.EQUAL: Op.NOT_EQUAL, Op.NOT_EQUAL: Op.EQUAL, Op.REGEX: Op.NOT_REGEX, Op.NOT_REGEX: Op.REGEX}


def test_samples_are_there() -> None:
    assert len(_samples()) == 60


@pytest.mark.parametrize(("text", "label_sets", "expected"), _samples().values(), ids=_samples())
def test_text_is_understood_as_by_alertmanager(text: str, label_sets: list[dict[str, str]], expected: Expected) -> None:
    """None of the samples is a pattern such as `a)|(b`, which is refused on purpose."""
    if not expected["ok"]:
        with pytest.raises(MatcherError):
            parse(text)
        return
    matchers = parse(text)
    assert [matcher._asdict() for matcher in matchers.matchers] == expected["matchers"]
    assert str(matchers) == expected["normalized"]
    assert [matchers.matches(labels) for labels in label_sets] == expected["match"]


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        ("", "{}"),
        (" ", "{}"),
        ("{}", "{}"),
        ("{ }", "{}"),
        ("{foo=bar", '{foo="bar"}'),
        ("foo=bar}", '{foo="bar"}'),
        ("foo=bar,", '{foo="bar"}'),
        ("{foo=bar, }", '{foo="bar"}'),
        (' { "foo" = "bar" , } ', '{foo="bar"}'),
        ("foo==bar", '{foo="=bar"}'),
        (r'foo="\t"', r'{foo="\\t"}'),
        (r'foo.bar="\t"', '{foo.bar="\t"}'),
        (r'"a b"="\t"', r'{"a b"="\t"}'),
        (r'"\u00e9"="\xc3\xa9\101"', '{é="éA"}'),
        ('"a\u200b b"="x"', r'{"a\u200b b"="x"}'),
        (r'"\x7f \U000e0001"="x"', r'{"\x7f \U000e0001"="x"}'),
        ('foo="bar\v"', '{foo="bar\v"}'),
        ("foo=a\\", '{foo="a\\\\"}'),
        (r'a=b\,"c"', None),
        ('foo="a"b"', None),
        (r'foo="a"\b', None),
        ("foo=bar,,", None),
        (",", None),
        ("{,}", None),
        ("{", "{}"),
        ("foo", None),
        ("foo!bar", None),
        (r'"a b"="\xff"', None),
        (r'"a b"="\ud800"', None),
        (r'"a b"="\U00110000"', None),
        (r'"a b"="\777"', None),
        ('"a b"="line\nbreak"', None),
    ],
)
def test_edges_of_the_two_grammars_are_those_of_alertmanager(text: str, normalized: str | None) -> None:
    """Asked of Alertmanager 0.34.2's compat.FallbackMatchersParser."""
    if normalized is None:
        with pytest.raises(MatcherError):
            parse(text)
    else:
        assert str(parse(text)) == normalized


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        (r"\p{Letter}+", "é"),
        (r"\p{uppercase_letter}", "É"),
        (r"[^\p{Letter}]", "1"),
        (r"\pl", "a"),
        (r"\p{GREEK}", "λ"),
        (r"\p{^ASCII}", "é"),
        (r"[\p{ascii}é]+", "aé"),
        (r"\Q(\p{x}\E", r"(\p{x}"),
        (r"(?P<n>a)(?<m>b)", "ab"),
        (r"\pL{1000}", "x" * 1000),
        (r"(?i)k", "\u212a"),
    ],
)
def test_pattern_that_go_takes_is_taken(pattern: str, value: str) -> None:
    assert Matchers((Matcher("foo", Op.REGEX, pattern),)).matches({"foo": value})


@pytest.mark.parametrize(
    "pattern",
    [
        r"\C",
        r"\Qa",
        "(?P<é>a)",
        r"\p{Old_Italic}",
        "(" * 999 + "a" + ")" * 999,
        r"(?<=a)b",
        "a{1001}",
        "[",
        "\\",
    ],
)
def test_pattern_that_go_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(MatcherError, match="pattern '"):
        Matchers((Matcher("foo", Op.REGEX, pattern),))


@pytest.mark.parametrize("text", ['foo=~"a)|(b"', 'foo!~"a)(b"', 'foo=~")(?:"'])
def test_pattern_that_breaks_out_of_its_anchors_is_refused(text: str) -> None:
    r"""Alertmanager takes them: `^(?:a)|(b)$` holds for "axe". That cannot be what was meant."""
    with pytest.raises(MatcherError, match=r"unexpected \)"):
        parse(text)


def test_pattern_too_large_to_hold_in_memory_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MatcherError, match="pattern too large"):
        parse(r'foo=~"' + r"\\p{L}{1000}" * 20 + '"')
    assert capfd.readouterr() == ("", "")


def test_text_longer_than_the_limit_is_refused() -> None:
    assert parse("foo=" + "x" * (TEXT_MAX_CHARS - 4)).names == ("foo",)
    with pytest.raises(MatcherError, match="1048577 characters"):
        parse("foo=" + "x" * (TEXT_MAX_CHARS - 3))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("é=a b", r"matchers 'é=a b': at character 5: expected a comma or the end of the list, got 'b'"),
        ("é=", r"at character 3: expected a value, got the end"),
        ("é:", r"at character 3: expected one of = != =~ !~, got the end"),
        ("{é=a", r"at character 5: expected a comma or the end of the list, got the end"),
        ('é="a', r"at character 3: a quote without its end"),
        ("é=`a", r"at character 3: '`' outside quotes"),
        ("{} é", r"at character 4: expected the end of the text, got 'é'"),
        (r'é="\d"', r"at character 3: .* cannot be unquoted: unknown escape"),
        ('foo="a', r"in the classic grammar: expected a value with matching quotes, got '\"a'"),
        ("foo=~(", r"matchers 'foo=~\(': pattern '\(': missing \)"),
    ],
)
def test_error_quotes_the_text_and_names_the_place(text: str, said: str) -> None:
    with pytest.raises(MatcherError, match=said):
        parse(text)


@pytest.mark.parametrize("text", ["foo=~" + "(" * 10_000, "é" * 10_000, 'foo="' + "é" * 10_000])
def test_error_about_a_long_text_is_short(text: str) -> None:
    with pytest.raises(MatcherError) as refused:
        parse(text)
    assert len(str(refused.value)) < 1500


def test_lone_surrogate_in_a_value_counts_as_the_replacement_character() -> None:
    assert parse('foo=~"\ufffd"').matches({"foo": "\ud800"})
    assert parse('foo="\ud800"') == parse('foo="\ufffd"')


def test_missing_label_is_the_empty_string() -> None:
    assert parse('foo=""').matches({})
    assert parse('foo=~".*"').matches({})
    assert not parse('foo!=""').matches({})
    assert not parse('foo=~".+"').matches({"foo": ""})


def test_all_matchers_must_hold() -> None:
    matchers = parse('a=1, b!=2, c=~"3|4", d!~"5"')
    assert matchers.matches({"a": "1", "c": "4"})
    for labels in ({"c": "4"}, {"a": "1", "b": "2", "c": "4"}, {"a": "1"}, {"a": "1", "c": "3", "d": "5"}):
        assert not matchers.matches(labels)


def test_answers_stay_right_when_more_values_come_than_are_remembered() -> None:
    even = parse('n=~"[0-9]*[02468]"')
    for _ in range(2):
        assert all(even.matches({"n": str(n)}) == (n % 2 == 0) for n in range(10_000))
    assert len(even._patterns[0][1].known) <= 4096


def test_long_values_are_not_remembered() -> None:
    any_text = parse('n=~"x*"')
    assert any_text.matches({"n": "x" * 100_000})
    assert not any_text._patterns[0][1].known


def test_names_are_those_looked_at_once_each_in_order() -> None:
    assert parse("b=1,a!=2,b!~3").names == ("b", "a")


def test_matchers_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        parse("a=1").matchers = ()  # type: ignore[misc]


def test_same_matchers_in_another_notation_are_equal() -> None:
    assert parse("a=1,b=~2") == parse('{ "a"="1", b=~"2", }')
    assert hash(parse("a=1")) == hash(parse('a="1"'))
    assert parse("a=1") != parse("a=~1")


@given(any_matchers)
def test_normalized_text_is_read_as_the_same_matchers(matchers: Matchers) -> None:
    assert parse(str(matchers)) == matchers


@given(any_matchers, label_sets)
def test_pickled_matchers_decide_the_same(matchers: Matchers, labels: dict[str, str]) -> None:
    copy = pickle.loads(pickle.dumps(matchers))
    assert copy == matchers
    assert copy.matches(labels) is matchers.matches(labels)


@given(plain | patterned, label_sets, st.text(st.characters() | st.characters(categories=["Cs"])))
def test_negated_matcher_decides_the_opposite(matcher: Matcher, labels: dict[str, str], value: str) -> None:
    negated = matcher._replace(op=opposite[matcher.op])
    for given_labels in (labels, {**labels, matcher.name: value}):
        assert Matchers((matcher,)).matches(given_labels) is not Matchers((negated,)).matches(given_labels)


@given(st.text(st.sampled_from('foo"\\=!~{},x `é\n()[*\ud800')) | st.text())
def test_any_text_is_understood_or_refused_and_nothing_else(text: str) -> None:
    try:
        matchers = parse(text)
    except MatcherError:
        return
    assert matchers.matches({"foo": "x"}) in {True, False}
