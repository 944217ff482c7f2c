"""What `winnow send --wait` prints of an answer."""

from __future__ import annotations

from typing import Any

from winnow import _told

TARGET = {
    "target_name": "oncall",
    "target_type": "pagerduty",
    "success": True,
    "status_code": 202,
    "error_message": "",
    "error_code": "",
    "retry_count": 0,
    "processing_time_ms": 12.34,
}
RESULT = {
    "fingerprint": "00000000000000aa",
    "alert_name": "Down",
    "status": "success",
    "classification": {"severity": "critical", "category": "database", "source": "rules", "confidence": 0.8},
    "classification_time_ms": 0.04,
    "filter_action": "allow",
    "filter_reason": "filter: allow (default)",
    "publishing_results": [TARGET],
    "error_message": "",
}


def told(*results: dict[str, Any]) -> list[str]:
    content = {"status": "success", "message": "all", "processing_time_ms": 20.0, "alert_results": results}
    return [line.strip() for line in _told.lines(content)]


def test_alert_that_was_told_has_a_line_for_each_step_and_target() -> None:
    assert told(RESULT) == [
        "success: all, after 20.0 ms",
        "Down: success",
        "fingerprint: 00000000000000aa",
        "classify: critical, database (rules, confidence 0.8) in 0.040 ms",
        "filter: allow (default)",
        "publish: oncall (pagerduty): told, answered 202 in 12.3 ms",
    ]


def test_target_that_was_not_told_says_why_and_how_often_it_was_tried() -> None:
    changes = {"success": False, "status_code": 503, "error_code": "DEAD_LETTERED", "error_message": "answered 503"}
    refused = {**TARGET, **changes, "retry_count": 2}
    pending = {**TARGET, "success": False, "status_code": None, "error_code": "PENDING", "error_message": "no end"}
    lines = told({**RESULT, "publishing_results": [refused, pending]})
    assert lines[-2:] == [
        "publish: oncall (pagerduty): not told: DEAD_LETTERED: answered 503, answered 503 in 12.3 ms, 3 tries",
        "publish: oncall (pagerduty): not told yet",
    ]


def test_alert_that_was_not_valid_shows_its_faults() -> None:
    broken = {**RESULT, "fingerprint": "", "alert_name": "", "status": "failed", "classification": None}
    lines = told(
        {**broken, "filter_reason": "", "publishing_results": [], "error_message": "alerts[0].status: required"}
    )
    assert lines[1:] == ["?: failed", "alerts[0].status: required"]
