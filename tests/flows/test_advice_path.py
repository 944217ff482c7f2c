"""What a model said, in decisions and out of them again: judged once more, everything is as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.advice import Advice, How, from_plain
from alerts.config import Route as RouteRule
from alerts.decision import Severity
from flows.plumbing.pending import Pending
from flows.plumbing.recorded import Recorded
from flows.steps.route import Route
from tests.support.advice import ANSWER
from tests.support.events import STARTS_AT, target
from tests.support.whole_flow import Rows, rows, run, webhook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.record import Stored

ROUTES = Route(
    [
        RouteRule.model_validate({"name": "page", "severity": ["critical"], "to": ["oncall"]}),
        RouteRule.model_validate({"name": "rest", "to": ["team"]}),
    ],
    [target(name="oncall"), target(name="team")],
)


def _alert(instance: str) -> dict[str, object]:
    return {"status": "firing", "labels": {"alertname": "Checkout", "instance": instance}, "startsAt": STARTS_AT}


def _records() -> list[Stored]:
    return webhook(*(_alert(f"api-{number}") for number in range(4)))


def _decisions(recorded: Mapping[str, Advice]) -> Rows:
    return rows(run(_records(), route=ROUTES, asking=Recorded(recorded, Pending(10))), "decisions")


def _advised() -> Rows:
    ids = [row["id"] for row in _decisions({})]
    said = (
        Advice("a" * 16, How.ANSWERED, ANSWER),
        Advice("a" * 16, How.CACHED, ANSWER._replace(severity=Severity.NOISE, guards=("links",))),
        Advice("b" * 16, How.LATE, None),
    )
    return _decisions(dict(zip(ids, said, strict=False)))


def test_decision_holds_the_answer_what_the_rules_say_and_what_was_changed() -> None:
    raised, lowered, late, unrecorded = _advised()
    assert raised["classify"]["source"] == "llm"
    assert raised["classify"]["severity"] == "critical"
    assert raised["advice"]["answer"]["severity"] == "critical"
    assert raised["advice"]["alone"]["severity"] == "warning"
    assert raised["advice"]["guards"] == []
    assert lowered["classify"]["source"] == "rules"
    assert lowered["classify"]["severity"] == "warning"
    assert lowered["advice"]["guards"] == ["floor", "links"]
    assert late["advice"] == {"how": "late", "template": "b" * 16}
    assert unrecorded["advice"]["how"] == "unrecorded"


def test_whom_the_rules_alone_would_tell_is_told_beside_whom_the_model_adds() -> None:
    told = [[one["target"] for one in row["deliveries"]] for row in _advised()]
    assert told == [["oncall", "team"], ["team"], ["team"], ["team"]]


def test_recorded_answers_give_the_same_decisions() -> None:
    first = _advised()
    recorded = {row["id"]: from_plain(row["advice"]) for row in first if row["advice"]["how"] != How.UNRECORDED}
    assert _decisions(recorded) == first
