"""The figures of a run are those that `make bench` writes, compares and draws."""

from __future__ import annotations

from benchmarks.load.check import Sent, Told
from benchmarks.load.figures import figures
from benchmarks.load.k6 import Http
from benchmarks.load.ledger import Book
from benchmarks.load.recipe import Recipe, Stage
from benchmarks.load.run import Outcome

SEEN = Http(20, 20, frozenset(), 0, {"p50": 1.0, "p95": 2.0, "p99": 3.0}, 2.0, [])
UNSEEN = Http(0, 0, frozenset(), 0, {"p50": 0.0, "p95": 0.0, "p99": 0.0}, 0.0, [])
RECIPE = Recipe("x", (Stage("a", 10, 2.0, 5), Stage("b", 10, 2.0, 5)), 1, 1, {"p95": 5.0}, {"p99": 50.0}, stops=True)
MADE = Sent(frozenset(), frozenset(), 100)
OUTCOME = Outcome(
    RECIPE, {"a": SEEN, "b": UNSEEN}, {}, MADE, Told(9, 8, ["one"], []), {"a": [7.0] * 500}, Book(100, 0, ""), 1.0
)


def test_stage_that_was_reached_has_rate_answers_and_arrivals_and_the_others_nothing() -> None:
    found = {figure.what: figure for figure in figures(OUTCOME)}
    assert found["a: accepted"].value == 50.0
    assert found["a: POST to answer, p95"].aim == "<= 5"
    assert (found["a: POST to arrival, p99"].value, found["a: POST to arrival, p99"].aim) == (7.0, "<= 50")
    assert found["a: POST to arrival, p50"].rounds == (7.0,) * 5
    assert not any(what.startswith("b:") for what in found)


def test_notification_that_is_missing_misses_the_aim() -> None:
    assert [figure.what for figure in figures(OUTCOME) if figure.is_missed] == ["notifications missing"]


def test_what_was_not_checked_has_no_figure() -> None:
    blind = OUTCOME._replace(told=None, book=None, late_ms={})
    assert {figure.what.partition(": ")[0] for figure in figures(blind)} == {"a"}


def test_few_arrivals_are_one_round() -> None:
    found = [figure for figure in figures(OUTCOME._replace(late_ms={"a": [1.0, 2.0, 3.0]})) if figure.rounds]
    assert [figure.rounds for figure in found] == [(2.0,), (3.0,), (3.0,)]
