"""Through HTTP, in the protocol of the earlier alert-history-service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.decision import Severity
from tests.support.asking import KEY, ask
from tests.support.model import ModelServer, model_server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with model_server() as started:
        yield started


def test_classification_is_an_answer(server: ModelServer) -> None:
    server.behave("ok")
    told = ask(server.url, dialect="classify")
    answer = told.reply.answer
    assert answer
    assert (answer.severity, answer.category, answer.confidence) == (Severity.CRITICAL, "application", 0.9)
    assert "fake model" in answer.reasoning
    assert answer.tokens == told.tried[0].tokens > 50
    (seen,) = server.seen()
    assert isinstance(seen["headers"], dict)
    assert (seen["path"], seen["headers"]["authorization"]) == ("/classify", f"Bearer {KEY}")


@pytest.mark.parametrize(
    ("mode", "calls", "error"),
    [
        ("error", 1, "the service answered with an error"),
        ("violation", 1, "severity: expected one of"),
        ("words", 1, "severity: expected one of"),
        ("refusal", 1, "answered no classification"),
        ("half body", 1, "answered no JSON"),
        ("deep", 1, "answered no JSON"),
        ("status", 3, "answered 500"),
    ],
)
def test_what_is_no_classification_fails_and_is_not_repaired(
    server: ModelServer, mode: str, calls: int, error: str
) -> None:
    server.behave(mode)
    told = ask(server.url, dialect="classify")
    assert told.reply.error.startswith(error)
    assert server.calls() == len(told.tried) == calls


@pytest.mark.parametrize("levels", [50, 250, 300, 1000, 100_000])
@pytest.mark.parametrize("dialect", ["classify", "openai"])
def test_however_deep_an_answer_is_nested_its_call_is_reported_once(
    server: ModelServer, dialect: str, levels: int
) -> None:
    server.behave("deep", levels=levels)
    told = ask(server.url, dialect=dialect)
    assert [one.has_failed for one in told.tried] == [True]
    assert not told.reply.error.startswith("could not be asked")
