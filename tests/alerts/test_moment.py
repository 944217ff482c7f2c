"""Times as systems of all kinds write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.instant import instant
from alerts.moment import moment


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("2025-11-24T15:59:00Z", "2025-11-24T15:59:00Z"),
        ("2025-11-24T15:59:00.123456789+01:00", "2025-11-24T15:59:00.123456789+01:00"),
        ("2017-01-12T16:30:42.236+0000", "2017-01-12T16:30:42.236+00:00"),
        ("2025-11-24 15:59:00", "2025-11-24T15:59:00Z"),
        ("2025.11.24 15:59:00", "2025-11-24T15:59:00Z"),
        ("2025/11/24 15:59 UTC", "2025-11-24T15:59:00Z"),
        (1764000000, "2025-11-24T16:00:00.000Z"),
        ("1764000000", "2025-11-24T16:00:00.000Z"),
        (1764000000.5, "2025-11-24T16:00:00.500Z"),
        (1764000000500, "2025-11-24T16:00:00.500Z"),
        ("1764000000500000", "2025-11-24T16:00:00.500Z"),
        (1764000000500000000, "2025-11-24T16:00:00.500Z"),
        (None, None),
        ("", None),
        (0, None),
        ("0001-01-01T00:00:00Z", None),
    ],
)
def test_time_is_read(value: object, told: str | None) -> None:
    assert moment(value) == told


@pytest.mark.parametrize(
    "value", ["soon", "2025-13-01T00:00:00Z", "15:59", True, [], {}, -1, "-5", 10**30, float("nan")]
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"expected a time|no such moment"):
        moment(value)


@given(st.none() | st.text(max_size=30) | st.integers() | st.floats())
def test_whatever_is_let_through_is_rfc_3339(value: object) -> None:
    try:
        told = moment(value)
    except ValueError:
        return
    assert told is None or instant(told)
