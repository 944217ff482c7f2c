"""Records of the decisions topic, told one thing at a time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alerts.errors import FormatError, MatcherError
from alerts.happening import Happening, Happenings, Sieve, ends
from alerts.matchers import parse

AT_MS = 1_764_000_001_000
RULES = {"severity": "critical", "category": "database", "confidence": 0.8, "source": "rules", "rule": "database"}


def verdict(outcome: str, rule: str, **seen: object) -> dict[str, object]:
    return {"outcome": outcome, "rule": rule, "saw": seen}


DECIDED: dict[str, Any] = {
    "id": "a-0",
    "fingerprint": "00000000000000aa",
    "name": "PostgresDown",
    "status": "firing",
    "accepted_ms": AT_MS - 5,
    "source": "am",
    "dedup": verdict("new", "window"),
    "transition": "firing/x/0",
    "classify": RULES,
    "filter": verdict("allow", "default"),
    "route": [verdict("routed", "pages", severity="critical"), verdict("skipped", "quiet/night")],
    "deliveries": [{"id": "d" * 32, "target": "oncall"}, {"id": "e" * 32, "target": "hook"}],
}
DUPLICATE = {
    **{name: DECIDED[name] for name in list(DECIDED)[:6]},
    "id": "b-0",
    "dedup": verdict("duplicate", "window"),
}
OUTCOME = {
    "delivery": "d" * 32, "target": "oncall", "fingerprint": "00000000000000aa", "input": "a-0", "outcome": "delivered",
    "status_code": 202, "tries": 2, "error": "", "accepted_ms": AT_MS - 5, "ended_ms": AT_MS,
}  # fmt: skip


def read(*records: dict[str, object]) -> list[Happening]:
    reads = Happenings()
    return [one for record in records for one in reads.read(json.dumps(record).encode(), AT_MS)]


def of(*rows: dict[str, Any]) -> dict[str, object]:
    return {"v": 1, "config": "c", "decisions": rows}


def test_decision_tells_each_step_that_had_a_word() -> None:
    told = read(of(DECIDED))
    assert [(one.step, one.verdict, one.rule) for one in told] == [
        ("dedup", "new", "window"), ("classify", "critical", "database"), ("filter", "allow", "default"),
        ("route", "routed", "pages"), ("route", "skipped", "quiet/night"),
    ]  # fmt: skip
    assert told[3].targets == ("oncall", "hook")
    assert told[3].detail == "severity=critical"


def test_end_of_a_delivery_knows_its_alert_from_the_decision_before() -> None:
    end = read(of(DECIDED), {"v": 1, "outcomes": [OUTCOME]})[-1]
    assert (end.step, end.verdict, end.name, end.source, end.severity) == (
        "publish", "delivered", "PostgresDown", "am", "critical",
    )  # fmt: skip
    assert (end.targets, end.detail) == (("oncall",), "5 ms after acceptance, 2 tries, answered 202")


def test_end_of_a_delivery_whose_decision_was_not_seen_has_no_name() -> None:
    (end,) = read({"v": 1, "outcomes": [OUTCOME]})
    assert (end.name, end.fingerprint) == ("", "00000000000000aa")


def test_end_that_names_its_alert_is_told_with_it_though_its_decision_was_long_ago() -> None:
    about = {"name": "PostgresDown", "status": "firing", "source": "am", "severity": "critical"}
    (end,) = read({"v": 1, "outcomes": [{**OUTCOME, **about}]})
    assert {field: getattr(end, field) for field in about} == about


def test_dead_letter_on_its_way_back_is_told_with_its_target() -> None:
    row = {name: OUTCOME[name] for name in ("delivery", "target", "fingerprint", "input", "accepted_ms")}
    (told,) = read(
        {"v": 1, "config": "c", "retries": [{**row, "letter": "x/0/1", "retry": verdict("retried", "letter")}]}
    )
    assert (told.step, told.verdict, told.targets, told.detail) == ("publish", "retried", ("oncall",), "letter x/0/1")


@pytest.mark.parametrize(
    "value", [b"", b"garbage", b"[]", b'{"decisions": [{}]}', b'{"decisions": [1]}', b'{"outcomes": 1}']
)
def test_what_is_no_record_of_decisions_is_refused(value: bytes) -> None:
    with pytest.raises(FormatError):
        list(Happenings().read(value, AT_MS))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("route", "routed", "pages")),
        ({"route": [], "deliveries": DECIDED["deliveries"]}, ("route", "routed", "")),
        ({"deliveries": []}, ("route", "skipped", "quiet/night")),
        ({"route": [verdict("unrouted", "default")], "deliveries": []}, ("route", "unrouted", "default")),
        ({"filter": verdict("deny", "tests"), "route": [], "deliveries": []}, ("filter", "deny", "tests")),
    ],
)
def test_end_of_an_event_is_the_word_that_decided_where_it_went(changes: dict[str, Any], expected: object) -> None:
    (end,) = ends(read(of({**DECIDED, **changes})))
    assert (end.step, end.verdict, end.rule) == expected


def test_ends_come_in_order_one_for_each_event_and_delivery() -> None:
    told = ends(read(of(DUPLICATE, DECIDED), {"v": 1, "outcomes": [OUTCOME, OUTCOME]}))
    assert [one.verdict for one in told] == ["duplicate", "routed", "delivered", "delivered"]


@pytest.mark.parametrize(
    ("step", "matchers", "expected"),
    [
        (None, "", ["dedup", "classify", "filter", "route", "route"]),
        ("route", "", ["route", "route"]),
        (None, 'target="hook"', ["route", "route"]),
        (None, 'target="nobody"', []),
        (None, 'name=~"Post.*",verdict="allow"', ["filter"]),
        ("filter", 'status="resolved"', []),
    ],
)
def test_sieve_takes_what_step_and_matchers_say(step: str | None, matchers: str, expected: list[str]) -> None:
    sieve = Sieve(step, parse(matchers))
    assert [one.step for one in read(of(DECIDED)) if sieve.takes(one)] == expected


def test_matcher_over_a_label_is_refused_with_what_may_be_named() -> None:
    with pytest.raises(MatcherError, match=r"decisions do not hold namespace; known: step, verdict"):
        Sieve(None, parse('namespace="shop",name="x"'))


def test_a_known_name_is_forgotten_after_many_others() -> None:
    reads = Happenings()
    list(reads.read(json.dumps(of(DECIDED)).encode(), AT_MS))
    for number in range(20_000):
        list(reads.read(json.dumps(of({**DUPLICATE, "id": f"c-{number}"})).encode(), AT_MS))
    (end,) = reads.read(json.dumps({"v": 1, "outcomes": [OUTCOME]}).encode(), AT_MS)
    assert end.name == ""
