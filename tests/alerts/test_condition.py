"""A condition holds exactly where all that it asks is so; boundaries are on the side the documents name."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.alert import Alert, Status
from alerts.condition import Condition
from alerts.config import FilterRule
from alerts.decision import Classification, Severity
from tests.support.events import FOUND, NOW_MS, alert

HOUR_MS = 3_600_000


def _condition(**asked: object) -> Condition:
    rule = FilterRule.model_validate({"name": "rule", **asked})
    return Condition(rule, rule.when)


def _holds(of: Alert, found: Classification = FOUND, **asked: object) -> bool:
    return _condition(**asked).holds(of, found)


def test_rule_that_asks_nothing_holds_always() -> None:
    assert _holds(alert())


@pytest.mark.parametrize(("team", "expected"), [("shop", True), ("shopping", False), ("", False)])
def test_matchers_ask_the_labels(team: str, expected: bool) -> None:  # noqa: FBT001
    assert _holds(alert(labels={"team": team}), when='team=~"shop|none"') is expected


def test_missing_label_is_the_empty_text() -> None:
    assert _holds(alert(), when='team=""')
    assert not _holds(alert(), when='team!=""')


@pytest.mark.parametrize("severity", Severity)
def test_severity_asks_what_was_classified(severity: Severity) -> None:
    found = FOUND._replace(severity=severity)
    expected = severity in {Severity.NOISE, Severity.INFO}
    assert _holds(alert(), found, severity=["noise", "info"]) is expected


def test_severity_asks_not_the_label() -> None:
    assert not _holds(alert(labels={"severity": "noise"}), severity=["noise"])


@pytest.mark.parametrize(("category", "expected"), [("resource", True), ("Resource", False), ("storage", False)])
def test_category_asks_what_was_classified(category: str, expected: bool) -> None:  # noqa: FBT001
    assert _holds(alert(), category=[category, "database"]) is expected


@pytest.mark.parametrize(("confidence", "expected"), [(0.0, True), (0.29, True), (0.3, False), (1.0, False)])
def test_confidence_at_the_bound_is_not_below_it(confidence: float, expected: bool) -> None:  # noqa: FBT001
    assert _holds(alert(), FOUND._replace(confidence=confidence), confidence_below=0.3) is expected


def test_confidence_below_nought_holds_never() -> None:
    assert not _holds(alert(), FOUND._replace(confidence=0.0), confidence_below=0.0)


@pytest.mark.parametrize("status", Status)
def test_status_asks_the_event(status: Status) -> None:
    assert _holds(alert(status=status), status="resolved") is (status is Status.RESOLVED)


@pytest.mark.parametrize(
    ("labels", "asked", "expected"),
    [
        ({"namespace": "tmp"}, {"include": ["tmp"]}, True),
        ({"namespace": "tmp2"}, {"include": ["tmp"]}, False),
        ({}, {"include": ["tmp"]}, False),
        ({"kubernetes_namespace": "tmp"}, {"include": ["tmp"]}, True),
        ({"namespace": "", "kubernetes_namespace": "tmp"}, {"include": ["tmp"]}, True),
        ({"namespace": "a", "kubernetes_namespace": "tmp"}, {"include": ["tmp"]}, False),
        ({"namespace": "tmp"}, {"exclude": ["tmp"]}, False),
        ({"namespace": "prod"}, {"exclude": ["tmp"]}, True),
        ({}, {"exclude": ["tmp"]}, True),
        ({"namespace": "tmp"}, {"include": ["tmp"], "exclude": ["tmp"]}, False),
        ({"namespace": "prod"}, {"include": ["tmp"], "exclude": ["dev"]}, False),
    ],
)
def test_namespaces_are_included_and_excluded_by_name(
    labels: dict[str, str], asked: dict[str, list[str]], expected: bool  # noqa: FBT001
) -> None:  # fmt: skip
    assert _holds(alert(labels=labels), namespaces=asked) is expected


@pytest.mark.parametrize(
    ("ends_at", "expected"),
    [
        ("2025-11-23T16:00:00Z", True),
        ("2025-11-23T16:00:00.001Z", False),
        ("2025-11-23T15:59:59.999999999Z", True),
        ("2025-11-23T21:30:00+05:30", True),
        ("2025-11-25T16:00:00Z", False),
        (None, False),
    ],
)
def test_ended_before_counts_back_from_acceptance(ends_at: str | None, expected: bool) -> None:  # noqa: FBT001
    resolved = alert(status=Status.RESOLVED, ends_at=ends_at)
    assert _holds(resolved, ended_before="24h") is expected


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "expected"),
    [
        ("2025-11-22T16:00:00Z", None, True),
        ("2025-11-22T16:00:00.001Z", None, False),
        ("0001-01-01T00:00:00Z", None, True),
        ("2025-11-22T16:00:00Z", "2025-11-24T15:00:00Z", False),
        ("2025-11-25T16:00:00Z", None, False),
    ],
)
def test_started_before_asks_only_alerts_without_an_end(
    starts_at: str, ends_at: str | None, expected: bool  # noqa: FBT001
) -> None:  # fmt: skip
    assert _holds(alert(starts_at=starts_at, ends_at=ends_at), started_before="48h") is expected


def test_rule_holds_only_if_all_that_it_asks_is_so() -> None:
    asked: dict[str, Any] = {"when": 'team="shop"', "severity": ["warning"], "status": "firing"}
    assert _holds(alert(labels={"team": "shop"}), **asked)
    assert not _holds(alert(labels={"team": "ship"}), **asked)
    assert not _holds(alert(labels={"team": "shop"}), FOUND._replace(severity=Severity.INFO), **asked)
    assert not _holds(alert(labels={"team": "shop"}, status=Status.RESOLVED), **asked)


def test_what_was_seen_are_the_values_asked_for_and_no_others() -> None:
    of = alert(labels={"team": "shop", "secret": "hunter2"}, ends_at="2025-11-24T15:00:00Z")
    asked = _condition(
        when='team="shop",pod=""', severity=["warning"], namespaces={"include": ["a"]}, ended_before="1h"
    )
    assert asked.saw(of, FOUND) == {
        "team": "shop", "pod": "", "severity": "warning", "category": "resource", "confidence": 0.7, "namespace": "",
        "startsAt": of.starts_at, "endsAt": "2025-11-24T15:00:00Z", "accepted_ms": NOW_MS,
    }  # fmt: skip


@pytest.mark.parametrize(("chars", "kept"), [(200, 200), (201, 200)])
def test_seen_label_is_cut_at_two_hundred_characters(chars: int, kept: int) -> None:
    saw = _condition(when='team!=""', namespaces={"exclude": ["x"]}).saw(
        alert(labels={"team": "ü" * chars, "namespace": "ü" * chars}), FOUND
    )
    assert (saw["team"], saw["namespace"]) == ("ü" * kept, "ü" * kept)


def test_rule_that_asks_nothing_saw_nothing() -> None:
    assert _condition().saw(alert(), FOUND) == {}
