"""What Alertmanager sends is read; every rule of the contract's request table (TN-062) holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from alerts.alert import Status
from alerts.errors import FormatError
from alerts.fingerprint import identity
from alerts.formats.alertmanager import content
from tests.support.events import SAMPLES, STARTS_AT, read

if TYPE_CHECKING:
    from pathlib import Path

    from alerts.webhook import Webhook

BODIES = sorted((SAMPLES / "webhooks").glob("*/*.body"))
MISSING = object()
ALERT: dict[str, Any] = {"status": "firing", "labels": {"alertname": "HighCPU"}, "startsAt": STARTS_AT}
BODY: dict[str, Any] = {"receiver": "team", "alerts": [ALERT]}


def _read(**changes: object) -> Webhook:
    """The contract's smallest body with these changes."""
    body = {name: value for name, value in (BODY | changes).items() if value is not MISSING}
    return read(json.dumps(body).encode())


def _read_alert(**changes: object) -> Webhook:
    """A body of one alert with these changes."""
    return _read(alerts=[{name: value for name, value in (ALERT | changes).items() if value is not MISSING}])


def test_samples_are_there() -> None:
    assert len(BODIES) == 21


@pytest.mark.parametrize("path", BODIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_alert_of_a_real_body_is_read_as_sent(path: Path) -> None:
    sent = json.loads(path.read_bytes())
    webhook = read(path.read_bytes())
    assert webhook.rejected == []
    assert (webhook.receiver, webhook.group_key) == (sent["receiver"], sent["groupKey"])
    for submission, alert in zip(webhook.submissions, sent["alerts"], strict=True):
        assert submission.labels == alert["labels"]
        assert submission.status.value == alert["status"]
        assert submission.starts_at == alert["startsAt"]
        assert json.loads(submission.line) == alert


@pytest.mark.parametrize("path", BODIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_firing_alert_of_a_real_body_has_no_end_and_a_resolved_one_has(path: Path) -> None:
    for submission in read(path.read_bytes()).submissions:
        assert (submission.ends_at is None) is (submission.status is Status.FIRING)


@pytest.mark.parametrize("path", BODIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_fingerprint_of_a_real_alert_is_its_identity(path: Path) -> None:
    for submission in read(path.read_bytes()).submissions:
        assert identity(submission.labels, submission.fingerprint) == submission.fingerprint


@pytest.mark.parametrize("path", BODIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_line_of_a_real_alert_gives_its_content(path: Path) -> None:
    sent = json.loads(path.read_bytes())["alerts"]
    for submission, alert in zip(read(path.read_bytes()).submissions, sent, strict=True):
        assert content(submission.line) == (alert["labels"], alert["annotations"], alert["generatorURL"])


def test_status_of_the_group_says_nothing_of_its_alerts() -> None:
    """Alertmanager 0.34 sent a group with three firing alerts as resolved (samples/README.md)."""
    assert _read(status="resolved").submissions[0].status is Status.FIRING


def test_smallest_body_of_the_contract_is_read() -> None:
    webhook = _read()
    assert webhook.receiver == "team"
    assert [submission.labels for submission in webhook.submissions] == [{"alertname": "HighCPU"}]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("alerts", MISSING), ("alerts", None), ("alerts", []), ("alerts", {}), ("alerts", "x"),
        ("receiver", MISSING), ("receiver", None), ("receiver", ""), ("receiver", 7),
        ("status", "burning"), ("status", "FIRING"), ("status", 1),
        ("version", 4), ("groupKey", 7), ("groupKey", {}), ("externalURL", []),
        ("groupLabels", []), ("groupLabels", "x"), ("commonLabels", [1]), ("commonAnnotations", 1),
        ("truncatedAlerts", -1), ("truncatedAlerts", "many"), ("truncatedAlerts", 1.5),
    ],
)  # fmt: skip
def test_envelope_that_breaks_the_contract_is_refused_by_field(field: str, value: object) -> None:
    with pytest.raises(FormatError) as raised:
        _read(**{field: value})
    assert [fault.field for fault in raised.value.faults] == [field]


@pytest.mark.parametrize("name", ["groupLabels", "commonLabels", "commonAnnotations"])
def test_group_map_with_a_value_that_is_no_text_is_refused_by_key(name: str) -> None:
    with pytest.raises(FormatError) as raised:
        _read(**{name: {"team": 1}})
    assert [fault.field for fault in raised.value.faults] == [f"{name}.team"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "firing"), ("status", "resolved"), ("version", "4"), ("groupKey", "{}:{}"), ("externalURL", "http://am"),
        ("groupLabels", {"a": "b"}), ("commonLabels", {}), ("commonAnnotations", {"a": ""}),
        ("truncatedAlerts", 0), ("truncatedAlerts", 5), ("notification_reason", "unknown fields are ignored"),
    ],
)  # fmt: skip
def test_envelope_within_the_contract_is_read(field: str, value: object) -> None:
    assert len(_read(**{field: value}).submissions) == 1


@pytest.mark.parametrize("name", ["status", "groupKey", "commonLabels", "truncatedAlerts", "externalURL", "version"])
def test_null_stands_for_an_optional_field_that_was_not_given(name: str) -> None:
    assert len(_read(**{name: None}).submissions) == 1


def test_every_faulty_field_of_an_envelope_is_named() -> None:
    with pytest.raises(FormatError) as raised:
        _read(receiver="", status="x", truncatedAlerts=-1)
    assert {fault.field for fault in raised.value.faults} == {"receiver", "status", "truncatedAlerts"}


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("status", MISSING, "status"), ("status", None, "status"), ("status", "burning", "status"),
        ("status", "", "status"), ("labels", MISSING, "labels"),
        ("labels", None, "labels"), ("labels", [], "labels"), ("labels", {}, "labels.alertname"),
        ("labels", {"alertname": ""}, "labels.alertname"), ("labels", {"team": "a"}, "labels.alertname"),
        ("labels", {"alertname": "A", "": "nameless"}, "labels"), ("labels", {"alertname": "A", "n": 1}, "labels.n"),
        ("labels", {"alertname": 7}, "labels.alertname"), ("labels", {"alertname": "A", "n": None}, "labels.n"),
        ("annotations", [], "annotations"), ("annotations", {"a": 1}, "annotations.a"),
        ("startsAt", MISSING, "startsAt"), ("startsAt", None, "startsAt"), ("startsAt", "", "startsAt"),
        ("startsAt", "yesterday", "startsAt"), ("startsAt", 1764000000, "startsAt"),
        ("startsAt", "2025-02-29T00:00:00Z", "startsAt"), ("startsAt", "10000-01-01T00:00:00Z", "startsAt"),
        ("endsAt", "2025-11-24", "endsAt"), ("endsAt", 0, "endsAt"), ("endsAt", "2025-11-24T24:30:00Z", "endsAt"),
        ("generatorURL", 5, "generatorURL"), ("fingerprint", 5, "fingerprint"),
    ],
)  # fmt: skip
def test_alert_that_breaks_the_contract_is_rejected_by_field(field: str, value: object, named: str) -> None:
    webhook = _read_alert(**{field: value})
    assert webhook.submissions == []
    assert [fault.field for fault in webhook.rejected[0].faults] == [f"alerts[0].{named}"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("annotations", None), ("annotations", {}), ("annotations", {"summary": ""}), ("endsAt", None),
        ("endsAt", "2025-11-24T17:00:00+01:00"), ("endsAt", "2024-01-01T00:00:00Z"), ("generatorURL", None),
        ("generatorURL", ""), ("fingerprint", None), ("fingerprint", ""), ("fingerprint", "no hex at all"),
        ("startsAt", "2025-11-24T15:59:00.123456789Z"), ("labels", {"alertname": "A", "empty": ""}),
        ("labels", {"alertname": "A", "größe.in/cm": "ü"}), ("unknown", {"deep": [1]}),
    ],
)  # fmt: skip
def test_alert_within_the_contract_is_read(field: str, value: object) -> None:
    assert len(_read_alert(**{field: value}).submissions) == 1


def test_zero_time_of_go_means_no_end() -> None:
    assert _read_alert(endsAt="0001-01-01T00:00:00Z").submissions[0].ends_at is None


def test_end_is_kept_as_sent() -> None:
    ends_at = "2025-11-24T17:00:00.5+01:00"
    assert _read_alert(status="resolved", endsAt=ends_at).submissions[0].ends_at == ends_at


def test_alert_that_fires_has_no_end_whatever_stands_there() -> None:
    assert _read_alert(endsAt="2025-11-24T17:00:00Z").submissions[0].ends_at is None


def test_missing_fingerprint_is_empty() -> None:
    assert _read_alert().submissions[0].fingerprint == ""


def test_every_fault_of_an_alert_is_named() -> None:
    faults = _read_alert(status="x", startsAt="y", labels={}).rejected[0].faults
    assert {fault.field for fault in faults} == {
        f"alerts[0].{name}" for name in ("status", "startsAt", "labels.alertname")
    }
