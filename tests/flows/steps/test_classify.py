"""How an alert is judged where the table is silent, by own rules, and where a label says critical."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from alerts.alert import Alert, Status
from alerts.config import Classify as ClassifySection
from alerts.config import ClassifyRule
from alerts.decision import Classification, Judge, Severity
from flows.steps.classify import Classify, if_it_raised
from tests.support.events import alert

BUILTIN = Classify()


def _rule(match: str, severity: str = "info", **more: object) -> ClassifyRule:
    return ClassifyRule.model_validate({"name": "own", "match": match, "severity": severity, **more})


def _told(of: Alert, classify: Classify = BUILTIN) -> Classification:
    return classify(of).told


def test_table_is_asked_first() -> None:
    found = _told(alert("HighCPU", labels={"severity": "info"}))
    assert (found.severity, found.category, found.source) == (Severity.WARNING, "resource", Judge.RULES)


@pytest.mark.parametrize("word", ["critical", "CRITICAL", "Critical"])
def test_label_critical_is_a_floor_that_leaves_the_category(word: str) -> None:
    found = _told(alert("HighCPU", labels={"severity": word}))
    assert (found.severity, found.category, found.confidence) == (Severity.CRITICAL, "resource", 0.7)


@pytest.mark.parametrize("word", ["noise", "info", "warning"])
def test_no_other_label_changes_what_a_rule_says(word: str) -> None:
    assert _told(alert("NodeDown", labels={"severity": word})).severity is Severity.CRITICAL


@pytest.mark.parametrize("word", ["critical", "warning", "info", "noise"])
@pytest.mark.parametrize("status", Status)
def test_known_severity_label_decides_where_no_rule_does(word: str, status: Status) -> None:
    found = _told(alert("CheckoutDown", labels={"severity": word}, status=status))
    assert found[:4] == (Severity(word), "unknown", 0.5, Judge.LABEL)


def test_severity_label_is_known_in_any_case() -> None:
    assert _told(alert("Checkout", labels={"severity": "Noise"})).severity is Severity.NOISE


@pytest.mark.parametrize("word", ["page", "unknown", "", "crit", "error"])
def test_unknown_severity_label_says_nothing(word: str) -> None:
    found = _told(alert("Checkout", labels={"severity": word}))
    assert (found.severity, found.confidence) == (Severity.WARNING, 0.4)


@pytest.mark.parametrize("name", ["CheckoutCritical", "site-down", "JOB_FAILED", "ERRORS", "RegionOutage"])
@pytest.mark.parametrize("status", Status)
def test_alarming_name_is_critical(name: str, status: Status) -> None:
    assert _told(alert(name, status=status))[:3] == (Severity.CRITICAL, "unknown", 0.4)


@pytest.mark.parametrize("status", Status)
def test_priority_p1_is_critical(status: Status) -> None:
    assert _told(alert("Checkout", labels={"priority": "P1"}, status=status))[:3] == (Severity.CRITICAL, "unknown", 0.4)


def test_priority_p2_says_nothing() -> None:
    assert _told(alert("Checkout", labels={"priority": "P2"})).severity is Severity.WARNING


@pytest.mark.parametrize(("status", "severity"), [(Status.FIRING, Severity.WARNING), (Status.RESOLVED, Severity.INFO)])
def test_alert_that_says_nothing_is_judged_by_its_status(status: Status, severity: Severity) -> None:
    assert _told(alert("Checkout", status=status))[:3] == (severity, "unknown", 0.4)


def test_first_own_rule_that_matches_decides() -> None:
    rules = [
        _rule('team="other"', category="a"),
        _rule('team="shop"', category="b"),
        _rule('team=~".+"', category="c"),
    ]
    found = _told(alert("NodeDown", labels={"team": "shop"}), Classify(rules))
    assert (found.category, found.source, found.rule) == ("b", Judge.RULES, "own")


def test_own_rules_take_the_place_of_the_table() -> None:
    assert _told(alert("HighCPU"), Classify([])).category == "unknown"


def test_own_rule_carries_its_confidence_and_actions() -> None:
    rule = _rule('team="shop"', confidence=0.25, recommendations=["Call them"])
    found = _told(alert(labels={"team": "shop"}), Classify([rule]))
    assert (found.confidence, found.recommendations) == (0.25, ("Call them",))


def test_own_rule_does_not_lower_what_the_label_calls_critical() -> None:
    found = _told(alert(labels={"team": "shop", "severity": "critical"}), Classify([_rule('team="shop"', "noise")]))
    assert found.severity is Severity.CRITICAL


def test_alert_no_own_rule_matches_is_judged_by_its_label() -> None:
    found = _told(alert(labels={"severity": "info"}), Classify([_rule('team="shop"')]))
    assert (found.severity, found.source) == (Severity.INFO, Judge.LABEL)


@pytest.mark.parametrize("name", ["DiskFull", "Checkout", "NodeDown"])
def test_resolve_is_weighed_as_its_firing_was(name: str) -> None:
    assert BUILTIN(alert(name, status=Status.RESOLVED)).weighed == BUILTIN(alert(name)).told


def test_firing_alert_is_weighed_as_it_is_told() -> None:
    judged = BUILTIN(alert("Checkout"))
    assert judged.weighed is judged.told


def test_resolve_that_its_label_raises_as_its_firing_is_weighed_as_it_is_told() -> None:
    judged = BUILTIN(alert("HighCPU", status=Status.RESOLVED, labels={"severity": "critical"}))
    assert judged.weighed is judged.told  # else its decision says twice the same


@pytest.mark.parametrize(
    ("labels", "severity"),
    [({"severity": "Critical"}, Severity.CRITICAL), ({"severity": "page"}, Severity.UNKNOWN), ({}, Severity.UNKNOWN)],
)
def test_alert_whose_judging_raised_goes_on_by_its_label(labels: dict[str, str], severity: Severity) -> None:
    judged = if_it_raised(alert(labels=labels), RuntimeError("x"))
    assert judged.weighed == judged.told
    assert (judged.told.severity, judged.told.rule) == (severity, "error")


def _category(rules: list[object], name: str = "HighCPU") -> str:
    classify = Classify(ClassifySection.model_validate({"rules": rules}).rules)
    return _told(alert(name, labels={"team": "shop"}), classify).category


OWN = {"name": "own", "match": 'team="shop"', "severity": "info", "category": "own"}


@pytest.mark.parametrize(
    ("rules", "category"),
    [([OWN], "own"), ([OWN, "builtin"], "own"), (["builtin", OWN], "resource"), (["builtin"], "resource")],
)
def test_rules_and_table_are_asked_in_their_order(rules: list[object], category: str) -> None:
    assert _category(rules) == category


def test_own_rule_behind_the_table_decides_where_that_is_silent() -> None:
    assert _category(["builtin", OWN], "Checkout") == "own"


def test_table_is_named_once() -> None:
    with pytest.raises(ValidationError, match="once"):
        ClassifySection.model_validate({"rules": ["builtin", OWN, "builtin"]})
