"""What is expected beside what was decided, as a table of the words for both."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.case import Expected
from alerts.case_check import Point, compare, told

PASSED: dict[str, Any] = {
    "status": "firing",
    "dedup": {"outcome": "new", "rule": "window", "saw": {}},
    "classify": {"severity": "critical", "category": "database"},
    "filter": {"outcome": "allow", "rule": "default", "saw": {}},
    "route": [
        {"outcome": "routed", "rule": "pages", "saw": {}},
        {"outcome": "routed", "rule": "routes[1]", "saw": {}},
        {"outcome": "skipped", "rule": "chat/quiet", "saw": {}},
    ],
    "deliveries": [{"id": "a", "target": "oncall"}],
}
DENIED = {**PASSED, "filter": {"outcome": "deny", "rule": "night", "saw": {}}, "route": [], "deliveries": []}
DUPLICATE = {"status": "firing", "dedup": {"outcome": "duplicate", "rule": "window", "saw": {}}}
ROUTES = {"pages": ["oncall"], "routes[1]": ["chat"]}
TOLD = "oncall: firing, critical, database by pages"


def points(decision: dict[str, Any], *expected: dict[str, object]) -> list[Point]:
    got = told(decision, ROUTES)
    return compare([Expected.model_validate(one) for one in expected], decision, got)


ONCALL: dict[str, object] = {"target": "oncall"}


@pytest.mark.parametrize(
    ("decision", "expected", "point"),
    [
        (PASSED, ONCALL, ("oncall: told", TOLD, True)),
        (PASSED, {**ONCALL, "status": "resolved"}, ("oncall: resolved", TOLD, False)),
        (PASSED, {**ONCALL, "severity": "warning"}, ("oncall: warning", TOLD, False)),
        (PASSED, {**ONCALL, "category": "network"}, ("oncall: network", TOLD, False)),
        (PASSED, {**ONCALL, "route": "pages"}, ("oncall: told by pages", TOLD, True)),
        (PASSED, {**ONCALL, "route": "routes[1]"}, ("oncall: told by routes[1]", TOLD, False)),
        (PASSED, {**ONCALL, "filtered_by": "quiet"}, ("oncall: filtered by quiet", TOLD, False)),
        (DENIED, ONCALL, ("oncall: told", "oncall: filtered by night", False)),
        (DENIED, {"filtered_by": "night"}, ("filtered by night", "filtered by night", True)),
        (
            DENIED,
            {**ONCALL, "filtered_by": "night"},
            ("oncall: filtered by night", "oncall: filtered by night, for everybody", False),
        ),
        (
            DENIED,
            {"target": "nobody", "filtered_by": "night"},
            ("nobody: filtered by night", "nobody: filtered by night, for everybody", False),
        ),
        (DENIED, {"filtered_by": "day"}, ("filtered by day", "filtered by night", False)),
        (DENIED, {"duplicate": True}, ("duplicate", "new", False)),
        (DUPLICATE, {"duplicate": True}, ("duplicate", "duplicate", True)),
        (DUPLICATE, {"filtered_by": "night"}, ("filtered by night", "ended by dedup, duplicate", False)),
        (DUPLICATE, ONCALL, ("oncall: told", "oncall: ended by dedup, duplicate", False)),
    ],
)
def test_point_says_what_is_expected_and_what_came(
    decision: dict[str, Any], expected: dict[str, object], point: tuple[str, str, bool]
) -> None:
    assert points(decision, expected)[0] == point


def test_own_filter_of_a_target_is_expected_beside_who_is_told() -> None:
    quiet = ("chat: filtered by quiet", "chat: filtered by quiet", True)
    assert points(PASSED, ONCALL, {"target": "chat", "filtered_by": "quiet"}) == [("oncall: told", TOLD, True), quiet]


def test_whoever_is_told_besides_is_a_point_that_does_not_hold() -> None:
    assert points(PASSED) == [("nobody is told", TOLD, False)]
    assert points(PASSED, {"target": "chat"})[1] == ("oncall: is not told", TOLD, False)


def test_nobody_expected_and_nobody_told_holds() -> None:
    assert points(DENIED) == points(DUPLICATE) == []
