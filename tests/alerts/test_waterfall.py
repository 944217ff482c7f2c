"""Where the time of an event went."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.waterfall import Span, bar, waterfall
from tests.alerts.test_happening import AT_MS, DECIDED, OUTCOME

ACCEPTED_MS = AT_MS - 5
EVENT: dict[str, Any] = {**DECIDED, "decided_ms": AT_MS - 3, "outcomes": [OUTCOME]}


def test_spans_go_from_the_start_over_the_decision_to_each_end() -> None:
    assert waterfall({**EVENT, "starts_at": "2025-11-24T16:00:00Z"}) == [
        Span("sent", 1_764_000_000_000 - ACCEPTED_MS, 0, "since startsAt"),
        Span("decided", 0, 2, ""),
        Span("oncall delivered", 2, 5, "2 tries"),
    ]


@pytest.mark.parametrize("starts_at", ["", "yesterday", "0001-01-01T00:00:00Z"])
def test_start_that_is_no_moment_is_left_out(starts_at: str) -> None:
    assert [span.what for span in waterfall({**EVENT, "starts_at": starts_at})] == ["decided", "oncall delivered"]


def test_clocks_that_differ_make_no_span_that_ends_before_it_begins() -> None:
    early = {**OUTCOME, "ended_ms": ACCEPTED_MS + 1, "tries": 1}
    spans = waterfall({**EVENT, "decided_ms": ACCEPTED_MS - 50, "outcomes": [early]})
    assert [(span.from_ms, span.to_ms, span.detail) for span in spans] == [(0, 0, ""), (0, 1, "1 try")]
    spans = waterfall({**EVENT, "decided_ms": ACCEPTED_MS + 9, "outcomes": [early]})
    assert [(span.from_ms, span.to_ms) for span in spans] == [(0, 9), (1, 1)]


def test_retry_of_a_dead_letter_is_no_span() -> None:
    back = {"target": "oncall", "retry": {"outcome": "retried"}}
    assert len(waterfall({**EVENT, "outcomes": [OUTCOME, back, OUTCOME]})) == 3


@pytest.mark.parametrize(
    ("advice", "detail"),
    [
        ({"how": "answered", "answer": {"took_ms": 40}}, "its model took 40 ms"),
        ({"how": "late"}, "its model was waited for in vain"),
        ({"how": "cached", "answer": {"took_ms": 40}}, ""),
    ],
)
def test_model_that_was_waited_for_is_named(advice: dict[str, Any], detail: str) -> None:
    assert waterfall({**EVENT, "advice": advice})[0].detail == detail


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "most_ms", "drawn"),
    [(0, 10, 10, "████"), (0, 5, 10, "██··"), (5, 10, 10, "··██"), (10, 10, 10, "···█"), (0, 0, 10, "█···"),
     (0, 0, 0, "····"), (1, 3, 10, "██··")],
)  # fmt: skip
def test_bar_is_as_wide_as_asked_and_shows_even_the_shortest(
    from_ms: int, to_ms: int, most_ms: int, drawn: str
) -> None:
    assert bar(Span("x", from_ms, to_ms, ""), most_ms, 4) == drawn
