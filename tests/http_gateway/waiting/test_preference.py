"""How long a sender wants to wait, by header or query; every case a request's own headers and query."""

from __future__ import annotations

import pytest

from http_gateway.answers import RefusedError
from http_gateway.waiting.preference import asked_s


def asked(*prefer: str, query: str = "") -> int | None:
    headers = [(b"content-type", b"application/json"), *((b"prefer", value.encode()) for value in prefer)]
    return asked_s({"headers": headers, "query_string": query.encode()})


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        (["wait=10"], 10),
        (["Wait=10"], 10),
        (["wait = 10"], 10),
        (['wait="10"'], 10),
        (["wait=0"], 0),
        (["respond-async, wait=10"], 10),
        (["respond-async,wait=10,handling=lenient"], 10),
        (["respond-async", "wait=10"], 10),
        (["wait=10; foo=bar"], 10),
        (['foo="a, wait=3; b", wait=10'], 10),
        (['foo; bar="x, wait=3", wait=10'], 10),
        (["wait=10, wait=20"], 10),
        (["wait=999999999"], 999_999_999),
    ],
)
def test_header_is_read_as_rfc_7240_writes_it(prefer: list[str], expected: int) -> None:
    assert asked(*prefer) == expected


@pytest.mark.parametrize(
    "prefer",
    [
        "",
        ",",
        "respond-async",
        "wait",
        "wait=",
        "wait=soon",
        "wait=-1",
        "wait=1.5",
        "wait=1e3",
        "wait=9999999999",
        "wait=\u0661\u0660",
        'wait="10',
        "wait=x, wait=10",
        "await=10",
        '"wait=10"',
        "=10",
    ],
)
def test_header_that_says_no_number_of_seconds_is_ignored(prefer: str) -> None:
    assert asked(prefer) is None


def test_query_says_it_for_senders_that_cannot_set_headers() -> None:
    assert asked(query="wait=10") == 10
    assert asked(query="a=b&wait=0") == 0
    assert asked("wait=3", query="wait=10") == 10


def test_query_without_the_parameter_leaves_it_to_the_header() -> None:
    assert asked(query="receiver=x") is None
    assert asked("wait=3", query="receiver=x") == 3


@pytest.mark.parametrize(
    "query", ["wait", "wait=", "wait=x", "wait=-1", "wait=1.5", "wait=1&wait=1", "wait=%00", "wait=1e9"]
)
def test_query_that_is_no_number_of_seconds_is_refused_by_name(query: str) -> None:
    with pytest.raises(RefusedError, match="wait") as refused:
        asked("wait=3", query=query)
    assert refused.value.status == 400
    assert refused.value.code == "VALIDATION_ERROR"
    assert [fault.field for fault in refused.value.details] == ["wait"]


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "text", ['"' * 60_000, "a;" * 30_000, "wait=" + " " * 60_000, "a=\\" * 20_000, 'a="\\' * 15_000]
)
def test_hostile_header_costs_no_time(text: str) -> None:
    assert asked(text) is None
