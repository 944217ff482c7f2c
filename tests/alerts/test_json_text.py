"""JSON is read as Go and JavaScript read it; what they refuse is refused, whatever its size."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import FormatError
from alerts.json_text import loads

TEN_MIB = 10 * 1024**2

any_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(any_json)
def test_json_is_read_as_python_reads_it(value: object) -> None:
    assert loads(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rb'"\ud800"', "\ufffd"),
        (rb'"\udc00"', "\ufffd"),
        (rb'"a\ud800b"', "a\ufffdb"),
        (rb'"\udc00\ud800"', "\ufffd\ufffd"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (rb'"\ud83d\u0041"', "\ufffdA"),
        (rb'"\ud83d\ude00"', "\U0001f600"),
    ],
)
def test_half_of_a_surrogate_pair_is_the_replacement_character(text: bytes, expected: str) -> None:
    assert loads(text) == expected


def test_surrogates_in_keys_are_replaced_too() -> None:
    assert loads(rb'{"\ud800": {"a\udfff": 1}}') == {"\ufffd": {"a\ufffd": 1}}


@pytest.mark.parametrize("text", [b'"a\xffb"', b'"a\x80b"', b'"a\xc0b"'])
def test_byte_that_is_no_utf8_is_the_replacement_character(text: bytes) -> None:
    assert loads(text) == "a\ufffdb"


def test_rest_of_a_text_with_broken_utf8_is_untouched() -> None:
    assert loads(b'{"a": "\xff", "b": [1, 2.5, true, null, "\xc3\xbc"]}') == {
        "a": "\ufffd",
        "b": [1, 2.5, True, None, "\u00fc"],
    }


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999"])
@pytest.mark.parametrize("beside", [b'"a"', rb'"\ud800"', b'"\xff"'])
def test_number_json_does_not_have_is_refused(number: bytes, beside: bytes) -> None:
    """Also where a broken text beside it takes the lenient way."""
    with pytest.raises(FormatError, match="not JSON"):
        loads(b"[" + beside + b"," + number + b"]")


def test_last_of_duplicate_keys_counts() -> None:
    assert loads(b'{"a": 1, "b": 2, "a": 3}') == {"a": 3, "b": 2}


def test_last_of_duplicate_keys_counts_beside_a_lone_surrogate() -> None:
    assert loads(rb'{"a": "\ud800", "a": 3}') == {"a": 3}


@pytest.mark.parametrize(
    "text",
    [
        b"", b" ", b"{", b"[1,]", b"{'a': 1}", b'{"a" 1}', b"nul", b"01", b"+1", b".5", b"1 2", b'"', b'"\\x"',
        b'"a\nb"', b"\xef\xbb\xbf{}", b"\xff", b"\x00", b"// no\n1", b"<html>", b'"\xff' , rb'"\ud8',
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(FormatError, match="not JSON"):
        loads(text)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
@pytest.mark.parametrize("beside", [b"", rb'"\ud800",'])
def test_hundred_thousand_levels_are_refused(opening: bytes, beside: bytes) -> None:
    with pytest.raises(FormatError):
        loads(b"[" + beside + opening * 100_000)


def test_closed_hundred_thousand_levels_are_refused_too() -> None:
    with pytest.raises(FormatError):
        loads(b"[" * 100_000 + b'"\xff"' + b"]" * 100_000)


def test_ten_mib_of_text_are_read() -> None:
    text = b'"' + b"x" * (TEN_MIB - 2) + b'"'
    assert loads(text) == "x" * (TEN_MIB - 2)


def test_ten_mib_of_broken_text_are_read() -> None:
    assert loads(b'"' + b"\xff" * (TEN_MIB - 2) + b'"') == "\ufffd" * (TEN_MIB - 2)


def test_ten_mib_of_garbage_are_refused() -> None:
    with pytest.raises(FormatError):
        loads(b"\x00" * TEN_MIB)


def test_refusal_does_not_quote_the_text() -> None:
    with pytest.raises(FormatError) as raised:
        loads(b'{"password": "hunter2"')
    assert "hunter2" not in str(raised.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_a_format_error(body: bytes) -> None:
    try:
        loads(body)
    except FormatError:
        return
    json.loads(body.decode(errors="replace"))
