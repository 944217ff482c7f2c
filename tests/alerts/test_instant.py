"""Instants are read as RFC 3339 says, and nothing else is."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.instant import instant, is_zero, rfc3339


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T03:04:05Z", datetime(2026, 11, 24, 3, 4, 5, tzinfo=UTC)),
        ("2026-11-24T03:04:05.5Z", datetime(2026, 11, 24, 3, 4, 5, 500_000, tzinfo=UTC)),
        ("2026-11-24T03:04:05.123456789Z", datetime(2026, 11, 24, 3, 4, 5, 123_456, tzinfo=UTC)),
        ("2026-11-24t03:04:05z", datetime(2026, 11, 24, 3, 4, 5, tzinfo=UTC)),
        ("2026-11-24T03:04:05+05:30", datetime(2026, 11, 23, 21, 34, 5, tzinfo=UTC)),
        ("2026-11-24T23:30:00-01:00", datetime(2026, 11, 25, 0, 30, tzinfo=UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999999Z", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_rfc3339_is_read_to_the_microsecond_in_utc(text: str, expected: datetime) -> None:
    assert instant(text) == expected
    assert instant(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-24",
        "2026-11-24T03:04:05",
        "2026-11-24 03:04:05Z",
        "2026-11-24T03:04Z",
        "2026-11-24T03:04:05.Z",
        "2026-11-24T03:04:05,5Z",
        "2026-11-24T03:04:05+0100",
        "2026-11-24T03:04:05Z\n",
        " 2026-11-24T03:04:05Z",
        "20261124T030405Z",
        "2026-W48-2T03:04:05Z",
        "\u0662026-11-24T03:04:05Z",
        "1764000000",
    ],
)
def test_what_is_no_rfc3339_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a time such as"):
        instant(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-11-24T25:00:00Z",
        "2026-11-24T23:59:61Z",
        "0000-01-01T00:00:00Z",
        "2026-11-24T03:04:05+99:00",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_moment_the_calendar_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no such moment"):
        instant(text)


@given(st.text(max_size=40))
def test_any_text_is_an_instant_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert instant(text).tzinfo is UTC


def test_fault_of_a_long_text_is_short() -> None:
    with pytest.raises(ValueError, match="got") as raised:
        instant("x" * 1_000_000)
    assert len(str(raised.value)) < 200


def test_zero_time_of_go_is_none() -> None:
    assert is_zero("0001-01-01T00:00:00Z")


def test_moment_after_the_zero_time_is_no_zero_time() -> None:
    assert not is_zero("0001-01-01T00:00:01Z")


@pytest.mark.parametrize(
    ("ms", "expected"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_764_000_000_001, "2025-11-24T16:00:00.001Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_milliseconds_are_written_as_rfc3339(ms: int, expected: str) -> None:
    assert rfc3339(ms) == expected


@given(st.integers(0, 253_402_300_799_999))
def test_what_is_written_reads_back_to_the_millisecond(ms: int) -> None:
    assert (instant(rfc3339(ms)) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) == ms
