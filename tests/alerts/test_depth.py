from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.depth import is_deeper

TEXTS = st.text(st.sampled_from('[]{}"\\ a\n'), max_size=6)
VALUES = st.recursive(
    TEXTS | st.none(), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
)


def depth(value: object) -> int:
    inner = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(VALUES, st.integers(0, 6), st.booleans())
def test_depth_is_that_of_the_parsed_value(value: object, levels: int, ascii_only: bool) -> None:  # noqa: FBT001
    body = json.dumps(value, ensure_ascii=ascii_only, indent=1 if levels % 2 else None).encode()
    assert is_deeper(body, levels) == (depth(value) > levels)


def test_brackets_in_texts_and_behind_escaped_quotes_do_not_count() -> None:
    assert not is_deeper(rb'["[[[[", "\"[[[[", "\\", "{{{{\\\"]]"]', 1)
    assert is_deeper(rb'[["]]", "\\", ["]"]]]', 2)


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000])
def test_hundred_thousand_levels_are_deeper(text: bytes) -> None:
    assert is_deeper(text, 250)


@pytest.mark.parametrize(
    "text", [b"[]" * 5_000_000, b"[" * 10_000_000, b'"[' * 5_000_000, b"[}" * 5_000_000, b'\\"' * 5_000_000]
)
def test_ten_megabytes_of_anything_take_seconds_at_most(text: bytes) -> None:
    before = time.process_time()
    is_deeper(text, 250)
    assert time.process_time() - before < 5
