"""The first reason why a target was not told."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.why_not import statuses, telling, why_not
from tests.alerts.test_happening import DECIDED, DUPLICATE, OUTCOME, verdict

EVENT: dict[str, Any] = {**DECIDED, "config": "c1", "outcomes": []}
MERGED = "merged: a newer notification of its alert took its place while it waited"
NOT_PLANNED = {**EVENT, "deliveries": []}


def ended(outcome: str, error: str = "", **changes: object) -> dict[str, Any]:
    return {**EVENT, "outcomes": [{**OUTCOME, "outcome": outcome, "error": error, **changes}]}


def retried(*words: str) -> dict[str, Any]:
    """A dead letter that was sent back so often, with these verdicts."""
    letter = {"target": "oncall", "letter": "x/0/1"}
    back = [{**letter, "retry": verdict(word, "letter")} for word in words]
    return {**EVENT, "outcomes": [{**OUTCOME, "outcome": "dead-lettered"}, *back]}


def duplicate(outcome: str, **seen: object) -> dict[str, Any]:
    return {**DUPLICATE, "config": "c1", "outcomes": [], "dedup": verdict(outcome, "window", **seen)}


@pytest.mark.parametrize(
    ("event", "step", "reason"),
    [
        (duplicate("duplicate", passed_ms=1000), "dedup",
         "duplicate: it said nothing new inside the window since 1970-01-01T00:00:01.000Z, when it last passed"),
        (duplicate("renewed"), "dedup", "its end by silence does not count: it was repeated meanwhile"),
        (duplicate("unreadable"), "dedup",
         "nobody could read it: it lies in the quarantine with the reason (winnow quarantine ls)"),
        (duplicate("over"), "dedup", "its end by silence says nothing new: it was resolved already"),
        ({**NOT_PLANNED, "filter": verdict("deny", "tests", environment="testing"), "route": []}, "filter",
         "filter rule 'tests' (saw environment=testing) ended it for everybody"),
        ({**NOT_PLANNED, "route": [verdict("routed", "r"), verdict("skipped", "oncall/disabled")]}, "route",
         "a route leads to oncall, which was disabled (enabled: false)"),
        ({**NOT_PLANNED, "route": [verdict("skipped", "oncall/at/night", severity="info")]}, "route",
         "oncall's own filter rule 'at/night' (saw severity=info) left it out"),
        ({**NOT_PLANNED, "route": [verdict("unrouted", "default")]}, "route",
         "no route held, so nobody was to be told"),
        ({**EVENT, "deliveries": DECIDED["deliveries"][1:]}, "route",
         "no route that held leads to it; held: 'pages' (saw severity=critical); to be told: hook"),
        ({**NOT_PLANNED, "route": []}, "route", "it was no enabled target in configuration c1; to be told: nobody"),
        (EVENT, "publish", "waiting: it is planned, and no end is recorded yet"),
        (ended("merged", "f" * 32, status_code=None, tries=0), "publish",
         f"{MERGED} (5 ms after acceptance, 0 tries): {'f' * 32}"),
        (ended("not-needed", tries=0, status_code=None), "publish",
         "not needed: it was over before the target could be told (5 ms after acceptance, 0 tries)"),
        (ended("dead-lettered", "answered 400", status_code=400, tries=1), "publish",
         "dead-lettered: it was given up (5 ms after acceptance, 1 try, answered 400): answered 400"),
        (ended("delivered-to-fallback", "gone"), "publish",
         "its fallback was told instead (5 ms after acceptance, 2 tries, answered 202): gone"),
        (retried("retried"), "publish",
         "waiting: it was taken out of the dead letters to be sent again, and has not ended yet"),
        (retried("superseded"), "publish",
         "taken out of the dead letters and not sent: something newer of its alert had come"),
        (retried("duplicate"), "publish",
         "dead-lettered: it was given up (5 ms after acceptance, 2 tries, answered 202)"),
    ],
)  # fmt: skip
def test_first_reason_is_named_with_the_rule_and_what_it_saw(event: dict[str, Any], step: str, reason: str) -> None:
    assert why_not(event, "oncall") == (step, reason, False)


def test_target_that_was_told_is_said_to_be() -> None:
    why = why_not(ended("delivered"), "oncall")
    assert (why.is_told, why.reason) == (True, "it was told: delivered 5 ms after acceptance, 2 tries, answered 202")


def test_resolve_that_only_closed_what_was_open_was_told_though_a_filter_ended_it() -> None:
    denied = {**NOT_PLANNED, "filter": verdict("deny", "tests"), "outcomes": [{**OUTCOME, "closes": True}]}
    assert why_not(denied, "oncall").is_told


def test_fallback_that_stood_in_was_told() -> None:
    event = {
        **NOT_PLANNED,
        "outcomes": [{**OUTCOME, "target": "hook", "outcome": "delivered-to-fallback", "error": "x"}],
    }
    assert why_not(event, "oncall", {"hook"}) == ("publish", "told as the fallback of hook: x", True)
    assert not why_not(event, "oncall").is_told


def test_dead_letter_that_was_told_in_the_end_was_told() -> None:
    event = retried("retried")
    event["outcomes"].append({**OUTCOME, "outcome": "delivered"})
    assert why_not(event, "oncall").is_told


def test_firing_whose_resolve_took_its_place_says_that_none_was_delivered_and_how_its_try_failed() -> None:
    event = ended("merged", f"into {'f' * 32}; last try: connection refused", status_code=None, tries=1)
    known = statuses([event, {"status": "resolved", "deliveries": [{"id": "f" * 32, "target": "oncall"}]}])
    assert why_not(event, "oncall", statuses=known).reason == (
        "merged: its resolve took its place while it waited, so no firing was delivered "
        f"(5 ms after acceptance, 1 try): into {'f' * 32}; last try: connection refused"
    )
    assert why_not(event, "oncall", statuses={"f" * 32: "firing"}).reason.startswith(MERGED)


@pytest.mark.parametrize(
    ("again", "words"), [({"replayed": True}, "replayed after 1m48s"), ({}, "sent again after 1m48s")]
)
def test_one_told_late_says_when_and_why_it_was_given_up_before(again: dict[str, Any], words: str) -> None:
    accepted_ms = DECIDED["accepted_ms"]
    event = ended("dead-lettered", "connection refused", ended_ms=accepted_ms + 25_900)
    event["outcomes"].append({**OUTCOME, **again, "ended_ms": accepted_ms + 108_261, "tries": 1})
    why = why_not(event, "oncall")
    assert why.is_told
    assert why.reason == (
        f"it was told late: given up after 25s (connection refused); {words}: delivered, 1 try, answered 202"
    )


def test_event_that_tells_the_most_is_the_newest_firing_that_passed() -> None:
    resolved, again = {**EVENT, "status": "resolved"}, {**EVENT, "id": "again"}
    assert telling([EVENT, again, duplicate("duplicate"), resolved]) == again
    assert telling([resolved, duplicate("duplicate")]) == resolved
    assert telling([duplicate("duplicate")]) == duplicate("duplicate")
