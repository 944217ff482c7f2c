"""The built-in table is the contract's (TN-062), row by row: first match wins, in any spelling."""

from __future__ import annotations

import pytest

from alerts.alert import Status
from alerts.builtin_rules import by_table
from alerts.decision import Classification, Judge
from tests.support.events import alert

TABLE = [
    ("NodeDown InstanceDown node_down", "critical", "infrastructure", 0.8),
    ("NodeNotReady KubernetesNodeNotReady", "critical", "kubernetes", 0.8),
    ("DiskFull disk_full FilesystemFull", "critical", "storage", 0.75),
    ("HighCPU CPUThrottling cpu_high", "warning", "resource", 0.7),
    ("HighMemory MemoryPressure memory_high OOM", "warning", "resource", 0.7),
    ("HighIO DiskIO io_wait", "warning", "performance", 0.65),
    ("HighErrorRate ErrorRate errors_high", "warning", "application", 0.7),
    ("ServiceUnavailable EndpointDown TargetDown", "critical", "availability", 0.75),
    ("HighLatency SlowResponse ResponseTimeSlow", "warning", "performance", 0.65),
    ("DatabaseDown DBConnectionFailed PostgresDown MySQLDown", "critical", "database", 0.8),
    ("SlowQuery QueryLatency DBSlow", "warning", "database", 0.65),
    ("SecurityViolation UnauthorizedAccess BruteForce", "critical", "security", 0.85),
    ("CertificateExpiring CertExpiry TLSExpiring", "warning", "security", 0.7),
    ("NetworkDown ConnectivityLoss PacketLoss", "critical", "network", 0.75),
    ("PodRestarting ContainerRestart CrashLoopBackOff", "warning", "kubernetes", 0.7),
    ("BackupFailed BackupJobFailed", "warning", "operations", 0.7),
]
ROWS = [
    pytest.param(word, (severity, category, confidence), id=word)
    for words, severity, category, confidence in TABLE
    for word in words.split()
]
RATE = ("warning", "application", 0.7)
SECURITY = ("critical", "security", 0.85)


def _told(found: Classification | None) -> tuple[str, str, float] | None:
    return None if found is None else (found.severity.value, found.category, found.confidence)


@pytest.mark.parametrize(("word", "expected"), ROWS)
def test_name_of_a_row_is_taken_for_what_the_row_says(word: str, expected: tuple[str, str, float]) -> None:
    assert _told(by_table(alert(word))) == expected


@pytest.mark.parametrize(("word", "expected"), ROWS)
def test_name_is_found_within_another_in_any_case(word: str, expected: tuple[str, str, float]) -> None:
    assert _told(by_table(alert(f"x{word.upper()}y"))) == expected
    assert _told(by_table(alert(f"x{word.lower()}y"))) == expected


@pytest.mark.parametrize(("word", "expected"), ROWS)
def test_resolve_is_taken_for_the_same_unless_the_row_wants_firing(word: str, expected: tuple[str, str, float]) -> None:
    wants_firing = expected[1] == "storage"
    assert _told(by_table(alert(word, status=Status.RESOLVED))) == (None if wants_firing else expected)


@pytest.mark.parametrize(("word", "expected"), ROWS)
def test_rule_decides_by_name_and_with_up_to_three_actions(word: str, expected: tuple[str, str, float]) -> None:
    found = by_table(alert(word))
    assert found is not None
    assert found.source is Judge.RULES
    assert found.rule
    assert 1 <= len(found.recommendations) <= 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HighCPUAndNodeDown", ("critical", "infrastructure", 0.8)),
        ("BackupFailedNodeNotReady", ("critical", "kubernetes", 0.8)),
        ("DiskFullDiskIO", ("critical", "storage", 0.75)),
        ("PostgresDownErrorRate", ("warning", "application", 0.7)),
    ],
)
def test_first_row_that_matches_wins(name: str, expected: tuple[str, str, float]) -> None:
    assert _told(by_table(alert(name))) == expected


def test_resolved_full_disk_falls_to_a_later_row() -> None:
    found = by_table(alert("DiskFullAndBackupFailed", status=Status.RESOLVED))
    assert _told(found) == ("warning", "operations", 0.7)


@pytest.mark.parametrize("text", ["error rate", "The ERROR RATE is 5%", "an Error rate"])
def test_description_of_an_error_rate_is_an_application_warning(text: str) -> None:
    assert _told(by_table(alert("Checkout", annotations={"description": text}))) == RATE


@pytest.mark.parametrize("annotations", [{"description": "errorrate"}, {"summary": "error rate"}, {}])
def test_error_rate_elsewhere_than_in_the_description_says_nothing(annotations: dict[str, str]) -> None:
    assert by_table(alert("Checkout", annotations=annotations)) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("HighIO", ("warning", "performance", 0.65)), ("TargetDown", RATE), ("BruteForce", RATE)],
)
def test_description_counts_in_the_place_of_its_row(name: str, expected: tuple[str, str, float]) -> None:
    assert _told(by_table(alert(name, annotations={"description": "error rate"}))) == expected


def test_label_type_security_is_a_security_alert() -> None:
    assert _told(by_table(alert("Checkout", labels={"type": "security"}))) == SECURITY


@pytest.mark.parametrize("value", ["insecurity", "security-audit", ""])
def test_label_type_must_be_security_itself(value: str) -> None:
    assert by_table(alert("Checkout", labels={"type": value})) is None


@pytest.mark.parametrize(("name", "expected"), [("SlowQuery", ("warning", "database", 0.65)), ("CertExpiry", SECURITY)])
def test_label_counts_in_the_place_of_its_row(name: str, expected: tuple[str, str, float]) -> None:
    assert _told(by_table(alert(name, labels={"type": "security"}))) == expected


def test_description_comes_before_the_label() -> None:
    both = alert("Checkout", labels={"type": "security"}, annotations={"description": "error rate"})
    assert _told(by_table(both)) == RATE


@pytest.mark.parametrize("name", ["Checkout", "", "Node Down", "High_CPU", "disk-full", "\u0130OWAIT"])
def test_name_of_no_row_is_for_others_to_judge(name: str) -> None:
    assert by_table(alert(name)) is None
