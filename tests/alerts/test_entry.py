"""What is read of a record's line, and what is refused: whoever can write to the topic decides what stands there."""

from __future__ import annotations

import pytest

from alerts.entry import content_of
from alerts.errors import FormatError


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(b'{"labels":{}}', ({}, {}, ""), id="labels-alone"),
        pytest.param(
            '{"labels":{"ort":"Köln"},"annotations":{"\\u00e4":"\\ud83d\\ude00"},"generatorURL":"http://a/"}'.encode(),
            ({"ort": "Köln"}, {"ä": "😀"}, "http://a/"),
            id="all",
        ),
        pytest.param(
            b'{"labels":{"a":"b"},"annotations":null,"generatorURL":null,"values":{"B":[1,{"c":null}]}}',
            ({"a": "b"}, {}, ""),
            id="none-and-more",
        ),
        pytest.param(b'{"labels":{"a":"b","a":"c"}}', ({"a": "c"}, {}, ""), id="the-last-of-two"),
    ],
)
def test_what_a_line_holds(line: bytes, expected: tuple[object, ...]) -> None:
    assert content_of(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"labels":null}',
        b'{"labels":{"a":1}}',
        b'{"labels":{"a":"b"},"annotations":{"c":null}}',
        b'{"labels":{"a":"b"},"annotations":[]}',
        b'{"labels":{"a":"b"},"generatorURL":5}',
        b'{"labels":{"a":"b"}}x',
        b'{"labels":{"a":"\xff"}}',
        b'{"labels":{"a":"\\ud800"}}',
        b'{"labels":{"a":"b"},"deep":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    ],
    ids=lambda line: line[:30].decode(errors="replace"),
)
def test_a_line_that_is_no_alert_is_refused(line: bytes) -> None:
    with pytest.raises(FormatError, match="line is no alert with labels"):
        content_of(line)
