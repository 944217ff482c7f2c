"""Times of day and weekdays are those of the rule's time zone at the alert's acceptance."""

from __future__ import annotations

from datetime import datetime

import pytest

from alerts.condition import Condition
from alerts.config import FilterRule
from tests.support.events import FOUND, alert

NIGHT = {"start": "22:00", "end": "06:00"}
OFFICE = {"start": "09:00", "end": "17:00"}


def _holds(accepted: str, **hours: object) -> bool:
    rule = FilterRule.model_validate({"name": "rule", "hours": hours})
    at_ms = int(datetime.fromisoformat(accepted).timestamp() * 1000)
    return Condition(rule, rule.when).holds(alert(at_ms=at_ms), FOUND)


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("2025-11-24T08:59:59.999Z", False),
        ("2025-11-24T09:00:00Z", True),
        ("2025-11-24T16:59:59.999Z", True),
        ("2025-11-24T17:00:00Z", False),
    ],
)
def test_start_is_included_and_end_is_not(accepted: str, expected: bool) -> None:  # noqa: FBT001
    assert _holds(accepted, **OFFICE) is expected


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("2025-11-24T21:59:59Z", False),
        ("2025-11-24T22:00:00Z", True),
        ("2025-11-24T23:59:59Z", True),
        ("2025-11-25T00:00:00Z", True),
        ("2025-11-25T05:59:59Z", True),
        ("2025-11-25T06:00:00Z", False),
        ("2025-11-25T12:00:00Z", False),
    ],
)
def test_end_before_start_is_over_midnight(accepted: str, expected: bool) -> None:  # noqa: FBT001
    assert _holds(accepted, **NIGHT) is expected


@pytest.mark.parametrize("accepted", ["2025-11-24T00:00:00Z", "2025-11-24T12:00:00Z", "2025-11-24T23:59:59.999Z"])
def test_nought_to_twenty_four_is_the_whole_day(accepted: str) -> None:
    assert _holds(accepted, start="00:00", end="24:00")


@pytest.mark.parametrize("end", ["24:00", "00:00"])
@pytest.mark.parametrize(
    ("accepted", "expected"),
    [("2025-11-24T21:59:00Z", False), ("2025-11-24T23:59:59Z", True), ("2025-11-25T00:00:00Z", False)],
)
def test_midnight_as_end_is_spelt_either_way(accepted: str, end: str, expected: bool) -> None:  # noqa: FBT001
    assert _holds(accepted, start="22:00", end=end) is expected


@pytest.mark.parametrize(
    ("accepted", "day"),
    [
        ("2025-11-24T12:00:00Z", "mon"), ("2025-11-25T12:00:00Z", "tue"), ("2025-11-26T12:00:00Z", "wed"),
        ("2025-11-27T12:00:00Z", "thu"), ("2025-11-28T12:00:00Z", "fri"), ("2025-11-29T12:00:00Z", "sat"),
        ("2025-11-30T12:00:00Z", "sun"),
    ],
)  # fmt: skip
def test_day_of_the_week_is_the_one_of_the_calendar(accepted: str, day: str) -> None:
    others = [name for name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun") if name != day]
    assert _holds(accepted, **OFFICE, days=[day])
    assert not _holds(accepted, **OFFICE, days=others)


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("2025-11-30T23:00:00Z", True),
        ("2025-12-01T05:59:59Z", True),
        ("2025-12-01T22:00:00Z", False),
        ("2025-11-30T05:00:00Z", False),
    ],
)
def test_hours_after_midnight_belong_to_the_day_they_began_on(accepted: str, expected: bool) -> None:  # noqa: FBT001
    """2025-11-30 is a Sunday."""
    assert _holds(accepted, **NIGHT, days=["sun"]) is expected


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [("2025-11-24T07:59:59Z", False), ("2025-11-24T08:00:00Z", True), ("2025-11-24T16:00:00Z", False)],
)
def test_time_of_day_is_the_zones(accepted: str, expected: bool) -> None:  # noqa: FBT001
    assert _holds(accepted, **OFFICE, zone="Europe/Berlin") is expected


def test_day_of_the_week_is_the_zones() -> None:
    """Monday 16:00 in UTC is Tuesday in Auckland."""
    late = {"start": "05:00", "end": "06:00", "zone": "Pacific/Auckland"}
    assert _holds("2025-11-24T16:00:00Z", **late, days=["tue"])
    assert not _holds("2025-11-24T16:00:00Z", **late, days=["mon"])


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("2025-10-25T06:59:59Z", False), ("2025-10-25T07:00:00Z", True),
        ("2025-10-26T07:59:59Z", False), ("2025-10-26T08:00:00Z", True),
        ("2025-03-29T08:00:00Z", True), ("2025-03-30T06:59:59Z", False), ("2025-03-30T07:00:00Z", True),
    ],
)  # fmt: skip
def test_nine_is_nine_on_both_sides_of_a_clock_change(accepted: str, expected: bool) -> None:  # noqa: FBT001
    """Berlin's clocks went back on 2025-10-26 and forward on 2025-03-30, both at 01:00 UTC."""
    assert _holds(accepted, **OFFICE, zone="Europe/Berlin") is expected


@pytest.mark.parametrize("accepted", ["2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z"])
def test_hour_that_comes_twice_is_in_the_rule_twice(accepted: str) -> None:
    assert _holds(accepted, start="02:00", end="03:00", zone="Europe/Berlin")


@pytest.mark.parametrize("accepted", ["2025-03-30T00:59:59Z", "2025-03-30T01:00:00Z"])
def test_hour_that_never_comes_is_in_the_rule_never(accepted: str) -> None:
    assert not _holds(accepted, start="02:00", end="03:00", zone="Europe/Berlin")
