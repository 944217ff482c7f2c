"""Targets that are no good."""

from __future__ import annotations

import orjson
import pytest

from benchmarks.ailing import AILMENTS, Ward


def told(ward: Ward, path: str) -> bytes:
    return ward.answer(f"POST /{path} HTTP/1.1\r\ncontent-length: 2".encode(), b"{}")


@pytest.mark.parametrize(("ailment", "begin"), [("broken", b"HTTP/1.1 500 "), ("limited", b"HTTP/1.1 429 ")])
def test_each_answers_as_its_path_says(ailment: str, begin: bytes) -> None:
    assert told(Ward(), ailment).startswith(begin)


def test_silent_one_is_written_nothing() -> None:
    assert told(Ward(), "silent") == b""


def test_limited_one_says_when_to_come_again() -> None:
    assert b"\r\nretry-after: 1\r\n" in AILMENTS["limited"]


def test_who_sends_no_body_is_told_how_often_each_was_asked() -> None:
    ward = Ward()
    for path in ("silent", "broken", "silent"):
        told(ward, path)
    body = ward.answer(b"GET / HTTP/1.1", b"").partition(b"\r\n\r\n")[2]
    assert orjson.loads(body) == {"silent": 2, "broken": 1}
