"""Which notifications of one alert go once more: none twice, none too late, none beside the flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.alert import Status
from tests.support.events import NOW_MS, alert, delivery, target
from winnow._choice import Candidate, Later, Why, Wishes, choose, untold

if TYPE_CHECKING:
    from alerts.config import Target

HOOK = target()
PAGER = target("pagerduty")
NOTHING = Later()
GOES = None


def told(place: int, status: str = "firing", *, only_closes: bool = False, **on_record: bool) -> Candidate:
    """The notification of the event at this place, a second after the one before."""
    of = alert(at_ms=NOW_MS + 1000 * place, status=Status(status))
    made = delivery(place, alert=of, only_closes=only_closes)
    return Candidate(made, **on_record)


FIRED, RESOLVED, FIRED_AGAIN = told(0), told(1, "resolved"), told(2)


def chosen(*candidates: Candidate, later: Later = NOTHING, to: Target = HOOK, **wishes: bool) -> list[Why | None]:
    return choose(candidates, later, to, Wishes(**wishes))


def test_what_nobody_was_told_goes() -> None:
    assert chosen(FIRED, RESOLVED, FIRED_AGAIN) == [GOES, GOES, GOES]


def test_what_was_delivered_stays_and_what_came_after_it_goes() -> None:
    assert chosen(FIRED._replace(was_delivered=True), RESOLVED) == [Why.DELIVERED, GOES]


def test_what_is_older_than_what_was_delivered_is_superseded() -> None:
    candidates = FIRED, RESOLVED._replace(was_delivered=True), FIRED_AGAIN
    assert chosen(*candidates) == [Why.SUPERSEDED, Why.DELIVERED, GOES]
    assert chosen(*candidates, superseded=True) == [GOES, Why.DELIVERED, GOES]


def test_nothing_is_superseded_by_what_goes_once_more_after_it() -> None:
    candidates = FIRED, RESOLVED._replace(was_delivered=True)
    assert chosen(*candidates, delivered=True) == [GOES, GOES]


@pytest.mark.parametrize(("told_ms", "why"), [(NOW_MS, GOES), (NOW_MS + 1, Why.SUPERSEDED)])
def test_what_was_told_after_the_range_supersedes_what_is_older(told_ms: int, why: Why | None) -> None:
    assert chosen(FIRED, later=Later(told_ms)) == [why]


def test_what_the_flow_replaced_by_something_newer_is_superseded() -> None:
    merged = FIRED._replace(was_replaced=True)
    assert chosen(merged, RESOLVED) == [Why.SUPERSEDED, GOES]
    assert chosen(merged, RESOLVED, superseded=True) == [GOES, GOES]


def test_resolve_that_the_flow_did_not_need_goes_if_its_firing_does_or_was_replayed_before() -> None:
    repeat, closing = FIRED_AGAIN._replace(was_replaced=True), told(3, "resolved", was_replaced=True)
    assert chosen(FIRED, closing) == [GOES, GOES]
    assert chosen(FIRED, repeat, closing) == [GOES, Why.SUPERSEDED, GOES]
    replayed = FIRED._replace(was_delivered=True, by_replay=True)
    assert chosen(replayed, repeat, closing) == [Why.DELIVERED, Why.SUPERSEDED, GOES]
    assert chosen(FIRED._replace(was_delivered=True), closing) == [Why.DELIVERED, Why.SUPERSEDED]
    assert chosen(FIRED._replace(was_replaced=True), closing) == [Why.SUPERSEDED, Why.SUPERSEDED]
    assert chosen(FIRED, closing, told(4, was_delivered=True)) == [Why.SUPERSEDED, Why.SUPERSEDED, Why.DELIVERED]


def test_nothing_goes_that_would_leave_open_what_was_resolved_after_the_range() -> None:
    over = Later(is_over=True)
    assert chosen(FIRED, told(1), later=over) == [Why.ENDED, Why.ENDED]
    assert chosen(FIRED, RESOLVED, FIRED_AGAIN, later=over) == [GOES, GOES, Why.ENDED]
    assert chosen(FIRED, told(1, was_delivered=True), told(2), later=over) == [Why.SUPERSEDED, Why.DELIVERED, Why.ENDED]
    assert chosen(FIRED, later=over, ended=True) == [GOES]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_alert_of_which_the_flow_has_something_under_way_waits_for_it(place: int) -> None:
    candidates = [FIRED, RESOLVED, FIRED_AGAIN]
    candidates[place] = candidates[place]._replace(is_under_way=True)
    assert chosen(*candidates) == [Why.UNDER_WAY] * 3


def test_alert_of_which_something_is_under_way_after_the_range_waits_too() -> None:
    assert chosen(FIRED, later=Later(is_under_way=True)) == [Why.UNDER_WAY]


def test_what_only_closes_goes_if_its_firing_does_or_was_replayed_before() -> None:
    closing = told(1, "resolved", only_closes=True)
    assert chosen(FIRED, closing) == [GOES, GOES]
    assert chosen(FIRED._replace(was_delivered=True, by_replay=True), closing) == [Why.DELIVERED, GOES]
    assert chosen(FIRED._replace(was_delivered=True), closing) == [Why.DELIVERED, Why.CLOSED]
    assert chosen(closing) == [Why.CLOSED]


def test_latest_is_the_last_of_those_that_go() -> None:
    assert chosen(FIRED, RESOLVED, FIRED_AGAIN, latest=True) == [Why.OVER, Why.OVER, GOES]
    assert chosen(FIRED, RESOLVED, latest=True) == [Why.OVER, GOES]


def test_latest_tells_an_incident_target_nothing_of_what_began_and_ended() -> None:
    assert chosen(FIRED, RESOLVED, to=PAGER, latest=True) == [Why.OVER, Why.OVER]
    was_open = told(0, was_delivered=True)
    assert chosen(was_open, told(1), RESOLVED, to=PAGER, latest=True) == [Why.DELIVERED, Why.OVER, GOES]
    assert chosen(RESOLVED, to=PAGER, latest=True) == [GOES]


@pytest.mark.parametrize(
    ("first", "why", "says"),
    [
        (FIRED, GOES, "no more"),
        (FIRED, Why.OVER, "both"),
        (told(0, was_delivered=True), Why.DELIVERED, "no more"),
        (RESOLVED, Why.OVER, "no more"),
    ],
)
def test_resolve_tells_of_its_firing_too_if_nobody_was_told_of_it(first: Candidate, why: Why | None, says: str) -> None:
    assert untold([first, RESOLVED], [why, GOES], 1) is (says == "both")
