"""The first filter rule that holds decides, critical alerts pass all but rules that name them, and doubt delivers."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from alerts.alert import Alert, Status
from alerts.config import FilterRule
from alerts.decision import Classification, Severity, Verdict
from flows.steps.filter import ALLOW, DENY, Filter, if_it_raised
from tests.support.events import FOUND, NOW_MS, alert

EXAMPLE = Path(__file__).parents[3] / "winnow.yaml"
CRITICAL = FOUND._replace(severity=Severity.CRITICAL)


def _rule(name: str = "rule", **asked: object) -> FilterRule:
    return FilterRule.model_validate({"name": name, **asked})


def _verdict(of: Alert, *rules: FilterRule, found: Classification = FOUND) -> Verdict:
    return Filter(rules)(of, found)


def test_without_rules_every_alert_passes() -> None:
    assert _verdict(alert()) == Verdict(ALLOW, "default", {})


def test_rule_that_does_not_hold_says_nothing() -> None:
    assert _verdict(alert(), _rule(when='team="shop"')).rule == "default"


def test_rule_denies_unless_it_says_allow() -> None:
    assert _verdict(alert(), _rule()).outcome == DENY


def test_first_rule_that_holds_decides_by_name() -> None:
    rules = [_rule("a", when='team="x"'), _rule("b", action="allow"), _rule("c")]
    assert _verdict(alert(), *rules)[:2] == (ALLOW, "b")


def test_verdict_tells_the_values_its_rule_looked_at() -> None:
    assert _verdict(alert(labels={"team": "shop"}), _rule(when='team="shop"')).saw == {"team": "shop"}


def test_critical_alert_passes_a_rule_that_does_not_name_it() -> None:
    assert _verdict(alert(), _rule(), found=CRITICAL).outcome == ALLOW


def test_critical_alert_ends_at_a_rule_that_names_it() -> None:
    assert _verdict(alert(), _rule(critical=True), found=CRITICAL).outcome == DENY


def test_rule_that_names_critical_alerts_holds_for_others_too() -> None:
    assert _verdict(alert(), _rule(critical=True)).outcome == DENY


def test_critical_alert_looks_at_later_rules_when_it_passed_one() -> None:
    assert _verdict(alert(), _rule("a"), _rule("b", critical=True), found=CRITICAL).rule == "b"


def test_critical_by_label_alone_is_not_critical_here() -> None:
    """The filter goes by what classify found, which knows the label's floor."""
    assert _verdict(alert(labels={"severity": "critical"}), _rule()).outcome == DENY


def test_alert_whose_filtering_raised_goes_on() -> None:
    assert if_it_raised(alert(), FOUND, None, KeyError("x")) == Verdict("error", "KeyError", {})


@pytest.fixture(scope="module")
def example() -> Filter:
    return Filter([FilterRule.model_validate(rule) for rule in yaml.safe_load(EXAMPLE.read_text())["filter"]])


OLD, FRESH = "2025-11-23T16:00:00Z", "2025-11-23T16:00:01Z"
TWO_DAYS = "2025-11-22T16:00:00Z"


@pytest.mark.parametrize(
    "of",
    [
        alert("TestAlert"),
        alert("test"),
        alert(labels={"alertname": "A", "environment": "test"}),
        alert(labels={"alertname": "A", "environment": "testing"}),
        alert(labels={"alertname": "A", "namespace": "dev-sandbox"}),
        alert(labels={"alertname": "A", "namespace": "tmp"}),
        alert("", labels={}),
        alert(status=Status.RESOLVED, ends_at=OLD),
        alert(status=Status.RESOLVED, starts_at=TWO_DAYS),
    ],
    ids=str,
)
def test_example_denies_what_the_earlier_service_denied(example: Filter, of: Alert) -> None:
    assert example(of, FOUND).outcome == DENY


@pytest.mark.parametrize(
    "of",
    [
        alert("HighCPU"),
        alert("LatestBackupFailed"),
        alert("MyTest"),
        alert(labels={"alertname": "A", "environment": "test-eu"}),
        alert(labels={"alertname": "A", "namespace": "tmp2"}),
        alert(status=Status.RESOLVED, ends_at=FRESH),
        alert(status=Status.RESOLVED, starts_at="2025-11-22T16:00:01Z"),
        alert(status=Status.RESOLVED, ends_at=FRESH, starts_at=TWO_DAYS),
        alert(starts_at=TWO_DAYS),
    ],
    ids=str,
)
def test_example_lets_everything_else_through(example: Filter, of: Alert) -> None:
    assert example(of, FOUND).outcome == ALLOW


@pytest.mark.parametrize(
    ("severity", "confidence", "outcome"),
    [
        (Severity.NOISE, 0.9, DENY),
        (Severity.INFO, 0.29, DENY),
        (Severity.INFO, 0.3, ALLOW),
        (Severity.CRITICAL, 0.1, ALLOW),
    ],
)
def test_example_denies_noise_and_doubt(example: Filter, severity: Severity, confidence: float, outcome: str) -> None:
    assert example(alert(at_ms=NOW_MS), FOUND._replace(severity=severity, confidence=confidence)).outcome == outcome
