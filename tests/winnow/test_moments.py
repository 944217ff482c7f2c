"""Moments as they are written on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alerts.errors import WinnowError
from winnow._moments import between, moment, past

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_length_of_time_is_so_long_ago() -> None:
    assert moment("--since", "1h30m", NOW) == NOW - timedelta(minutes=90)


def test_time_has_the_zone_that_it_names() -> None:
    assert moment("--since", "2026-11-24T03:04:05+02:00", NOW) == datetime(2026, 11, 24, 1, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2026-11-24T03:04:05", "2026-11-24T03:04:05Z"),
        ("2026-11-24 03:04:05.5", "2026-11-24T03:04:05.5Z"),
        ("2026-11-24 03:04", "2026-11-24T03:04:00Z"),
        ("2026-11-24", "2026-11-24T00:00:00Z"),
        ("10:05", "2026-11-24T10:05:00Z"),
        ("12:00", "2026-11-24T12:00:00Z"),
        ("12:00:01", "2026-11-23T12:00:01Z"),
        ("23:05", "2026-11-23T23:05:00Z"),
    ],
)
def test_time_without_zone_is_refused_with_what_to_add(given: str, meant: str) -> None:
    with pytest.raises(WinnowError) as refused:
        moment("--since", given, NOW)
    told = str(refused.value)
    assert told.startswith("--since: expected how long ago")
    assert told.endswith(f"did you mean {meant} (UTC), or the same with the offset of a zone, such as +02:00?")


@pytest.mark.parametrize(
    "given", ["yesterday", "2026-13-24T03:04:05", "2026-11-24T25:00", "25:00", ":", "1005", "", "Z"]
)
def test_what_is_no_time_is_refused_without_a_guess(given: str) -> None:
    with pytest.raises(WinnowError) as refused:
        moment("--until", given, NOW)
    assert str(refused.value).endswith(f"got {given!r}")


def test_what_is_looked_for_from_some_moment_on_is_not_there_yet_in_the_future() -> None:
    assert past("--since", "0s", NOW) == NOW
    says = "--since: '2026-11-24T12:00:01Z' lies in the future; it is 2026-11-24T12:00:00Z now"
    with pytest.raises(WinnowError, match=says):
        past("--since", "2026-11-24T12:00:01Z", NOW)
    with pytest.raises(WinnowError, match=says):
        between("2026-11-24T12:00:01Z", "2027-01-01T00:00:00Z", NOW)


def test_range_ends_after_it_begins_and_may_end_in_the_future() -> None:
    assert between("1h", "2026-11-24T13:00:00Z", NOW) == (NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    with pytest.raises(WinnowError, match="--since: expected an earlier moment than --until"):
        between("1h", "1h", NOW)
