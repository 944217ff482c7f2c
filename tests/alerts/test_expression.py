"""Expressions of mappings: what they may be, what they give, where they end."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import FormatError
from alerts.expression import STEPS_MAX, Expression, Scope

BODY: dict[str, Any] = {"a": {"b": [1, 2]}, "text": '{"x": 1}', "words": "One,Two", "n": None}


def _of(text: str, value: object = BODY, body: object = BODY) -> object:
    return Expression(text).of(value, Scope(body, 100))


@pytest.mark.parametrize(
    ("text", "given_"),
    [
        ("a.b[1]", 2),
        ("a.missing", None),
        ("a.b[?@ > `1`] | [0]", 2),
        ("=team a", "team a"),
        ("=", ""),
        ("'raw'", "raw"),
        ("parse_json(text).x", 1),
        ("parse_json(words)", None),
        ("parse_json(n)", None),
        ("lower(words)", "one,two"),
        ("split(words, ',') | [1]", "Two"),
        ("n || a.b[0]", 1),
    ],
)
def test_expression_gives(text: str, given_: object) -> None:
    assert _of(text) == given_


def test_whole_body_can_be_seen_from_within_an_alert() -> None:
    assert _of("join('/', [title, body().words])", {"title": "t"}) == "t/One,Two"
    assert Expression("join('/', [title, body().words])").uses_body
    assert not Expression("title").uses_body


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a.", "wrong from character 3 on"),
        ("a b", "wrong from character 3 on"),
        ("'x", "wrong from character 1 on"),
        ("a == `b`", "expected JSON between backticks"),
        ("", "cannot be empty"),
        ("nope(a)", "no function is named nope(); known: abs,"),
        ("[lower(nope(a))]", "no function is named nope()"),
        ("lower(a, b)", "lower() takes 1 arguments, got 2"),
        ("merge()", "merge() takes 1 or more arguments, got 0"),
        ("x" * 5000, "at most 4096 characters"),
    ],
)
def test_what_is_no_expression_is_refused_with_the_reason(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        Expression(text)


def test_function_that_gets_the_wrong_type_is_named_without_the_value() -> None:
    with pytest.raises(ValueError, match=r"^lower\(\) takes string, got number$"):
        _of("lower(secret)", {"secret": 12345})


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("split(tags, ',')", "split() takes string, got nothing from `tags`"),
        ("lower(split(a.b[0].c, ':')[0])", "split() takes string, got nothing from `a.b[0].c`"),
        ("a[].lower(b.c)", "lower() takes string, got nothing from `b.c`"),
        ("lower(a || b)", "lower() takes string, got null"),
    ],
)
def test_function_that_gets_nothing_names_the_path_where_nothing_is(text: str, where: str) -> None:
    value: object = {"a": [{"b": {}}]} if "[]" in text else {}
    with pytest.raises(ValueError, match=f"^{re.escape(where)}$"):
        _of(text, value)


def test_constants_are_known_as_such() -> None:
    assert all(Expression(text).is_constant for text in ("=x", "'x'", "`1`"))
    assert not Expression("x").is_constant


def test_expression_is_its_text() -> None:
    assert (str(Expression("a.b")), Expression("a"), hash(Expression("a"))) == ("a.b", Expression("a"), hash("a"))
    assert repr(Expression("a")) == "Expression('a')"


def test_work_on_a_body_is_bounded() -> None:
    scope = Scope({}, 100)
    with pytest.raises(FormatError, match="too much work"):
        Expression("[?a > `1`]").of([{"a": 1}] * STEPS_MAX, scope)


def test_work_on_a_large_body_for_each_of_many_alerts_is_bounded() -> None:
    scope = Scope({"text": "x" * 1000}, 1024**2)
    with pytest.raises(FormatError, match="too much work"):
        Expression("[*].to_string(body())").of([{}] * 1000, scope)


@given(text=st.text(st.sampled_from("ab.[]*?@|&!=<>'`\"{}:,()0-1 "), max_size=20))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        expression = Expression(text)
    except ValueError:
        return
    try:
        expression.of(BODY, Scope(BODY, 100))
    except ValueError:
        return


def test_deeply_nested_data_end_in_a_fault() -> None:
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="RecursionError"):
        _of("to_string(@)", deep)
