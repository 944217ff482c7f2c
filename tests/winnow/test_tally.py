"""Alerts counted while they are found."""

from __future__ import annotations

from alerts.instant import rfc3339
from tests.support.events import NOW_MS
from winnow._tally import Tally

ONE, OTHER = "00000000000000aa", "00000000000000bb"


def tally(*events: tuple[str, str, int]) -> Tally:
    made = Tally()
    for fingerprint, status, after_ms in events:
        made.count(fingerprint, "DiskFull", status, NOW_MS + after_ms)
    return made


def test_status_is_that_of_the_newest_event_whatever_comes_first() -> None:
    events = [(ONE, "firing", 0), (ONE, "resolved", 5), (ONE, "firing", 3)]
    for turned in (events, events[::-1]):
        (found,) = tally(*turned).newest_first()
        assert (found.status, found.events, found.last_ms) == ("resolved", 3, NOW_MS + 5)


def test_newest_alert_is_first_and_of_two_the_lower_fingerprint() -> None:
    found = tally((OTHER, "firing", 1), (ONE, "firing", 1), ("00000000000000cc", "firing", 2)).newest_first()
    assert [one.fingerprint[-2:] for one in found] == ["cc", "aa", "bb"]


def test_nothing_is_said_before_one_is_found() -> None:
    assert tally().so_far() == ""


def test_newest_found_so_far_is_told_and_how_many_more() -> None:
    told = tally((ONE, "firing", 7), (OTHER, "resolved", 2)).so_far()
    assert told == f", found {ONE} (firing, {rfc3339(NOW_MS + 7)}) and 1 more"
