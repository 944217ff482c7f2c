"""A run fails where something is missing or beyond its limits, and says so."""

from __future__ import annotations

import io

from rich.console import Console

from benchmarks.load.check import Sent, Told
from benchmarks.load.k6 import Http
from benchmarks.load.ledger import Book
from benchmarks.load.recipe import Recipe, Stage
from benchmarks.load.report import ceiling, faults, table
from benchmarks.load.run import Outcome
from benchmarks.load.usage import Usage

GOOD = Http(10, 10, frozenset(), 0, {"p50": 1.0, "p95": 2.0, "p99": 3.0}, 1.0, [])
SLOW = GOOD._replace(failed=["http_req_duration p(95)<5"])
UNSEEN = Http(0, 0, frozenset(), 0, {"p50": 0.0, "p95": 0.0, "p99": 0.0}, 0.0, [])
STAGES = (Stage("1k", 1000, 1.0, 1), Stage("10k", 1000, 1.0, 10), Stage("100k", 1000, 1.0, 100))
USED = {"the machine": Usage(1.9), "flow": Usage(0.75, (100_000_000, 123_000_000))}


def outcome(*seen: Http, stops: bool = False) -> Outcome:
    stages = STAGES[: len(seen)]
    recipe = Recipe("baseline", stages, 1, 1, {"p95": 5.0}, {"p95": 20.0}, stops)
    by_stage = {stage.name: http for stage, http in zip(stages, seen, strict=True)}
    made = Sent(frozenset({"a"}), frozenset(), 10)
    late = {stage.name: [5.0] for stage in stages}
    return Outcome(recipe, by_stage, USED, made, Told(3, 3, [], []), late, Book(10, 0, ""), 0.5)


def shown(found: Outcome) -> str:
    text = io.StringIO()
    Console(file=text, width=150).print(table(found))
    return text.getvalue()


def test_run_in_which_all_is_as_it_should_be_has_no_faults() -> None:
    assert faults(outcome(GOOD)) == []


def test_notification_that_is_missing_is_a_fault() -> None:
    (fault,) = faults(outcome(GOOD)._replace(told=Told(3, 2, ["a at first"], [])))
    assert fault == "1 notifications missing: a at first"


def test_notification_too_many_is_a_fault() -> None:
    (fault,) = faults(outcome(GOOD)._replace(told=Told(3, 3, [], ["a at first"])))
    assert fault == "1 notifications extra: a at first"


def test_threshold_of_k6_that_does_not_hold_is_a_fault() -> None:
    assert faults(outcome(SLOW)) == ["1k: http_req_duration p(95)<5 does not hold"]


def test_request_that_was_left_without_an_answer_is_a_fault() -> None:
    assert faults(outcome(GOOD._replace(begun=12))) == ["1k: 2 requests had no answer when k6 ended"]


def test_arrival_that_is_too_late_is_a_fault() -> None:
    late = {"1k": [1.0] * 90 + [30.0] * 10}
    assert faults(outcome(GOOD)._replace(late_ms=late)) == ["1k: POST to arrival p95 30.0 ms, more than 20 ms"]


def test_alert_without_an_end_and_one_that_kafka_does_not_have_are_faults() -> None:
    found = faults(outcome(GOOD)._replace(book=Book(9, 1, "x-0 at 3/7: no decision")))
    assert found == [
        "10 alerts were answered 202, and 9 are in Kafka",
        "1 alerts have no end, the first x-0 at 3/7: no decision",
    ]


def test_rate_at_which_the_machine_is_full_is_said_and_is_no_fault() -> None:
    found = outcome(GOOD, SLOW, UNSEEN, stops=True)
    assert faults(found) == []
    reason = "10k: http_req_duration p(95)<5 does not hold"
    assert ceiling(found) == f"the machine is full at 10,000 alerts/s: {reason}; it held 1,000 alerts/s"


def test_machine_that_is_full_in_the_first_stage_is_a_fault() -> None:
    found = outcome(SLOW, UNSEEN, UNSEEN, stops=True)
    assert faults(found) == ["1k: http_req_duration p(95)<5 does not hold"]
    assert ceiling(found).endswith("it held no stage")


def test_machine_that_is_never_full_is_said_to_be_so() -> None:
    assert ceiling(outcome(GOOD, GOOD, GOOD, stops=True)) == "not full at 100,000 alerts/s: the scenario ends here"


def test_flow_that_falls_behind_fills_the_machine_too() -> None:
    found = outcome(GOOD, GOOD, GOOD, stops=True)._replace(late_ms={"1k": [5.0], "10k": [2000.0]})
    assert "full at 10,000 alerts/s: 10k: POST to arrival p95 2,000 ms" in ceiling(found)


def test_table_has_a_column_for_each_stage() -> None:
    text = shown(outcome(GOOD, SLOW, UNSEEN))
    assert all(name in text for name in ("1k", "10k", "100k", "all"))
    assert all(figure in text for figure in ("0 of 10", "0.75", "100 to 123"))


def test_what_was_not_checked_is_said_not_to_be() -> None:
    found = outcome(GOOD)._replace(told=None, late_ms={}, book=None)
    assert faults(found) == []
    text = shown(found)
    assert "not seen: the targets are not ours" in text
    assert "not checked" in text
