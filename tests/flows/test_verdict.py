"""What of a candidate's differences counts against which limit."""

from __future__ import annotations

import pytest

from alerts.config_shadow import Shadow
from flows.decided import Reason
from flows.differences import Difference, Kind, Said
from flows.verdict import Measure, Seen, Verdict, measures, verdict

LIMITS = Shadow(config="candidate.yaml", min_events=10)
ENOUGH = Seen(10, 0, 0)


def said(*targets: str, severity: str = "warning") -> Said:
    return Said(targets, severity, Reason("route", "sent", "rest"))


def difference(
    before: Said, after: Said, *kinds: Kind, lost: tuple[str, ...] = (), new: tuple[str, ...] = ()
) -> Difference:
    return Difference("0-0", "00000000000000aa", "Disk", "firing", 0, kinds, before, after, (), lost, new)


def counted(*found: Difference) -> dict[str, int]:
    return {one.name: one.found for one in measures(found, LIMITS, told_otherwise=0, faults=0) if one.found}


def test_critical_notification_that_is_not_sent_is_one_fewer() -> None:
    before = said("oncall", "chat", severity="critical")
    gone = difference(before, said("chat", severity="critical"), Kind.NO_LONGER_SENT, lost=("oncall",))
    assert counted(gone) == {"fewer_critical": 1, "fewer": 1}


def test_critical_notification_that_goes_to_another_target_is_one_fewer_at_its_own() -> None:
    before, after = said("oncall", severity="critical"), said("chat", severity="critical")
    moved = difference(before, after, Kind.OTHER_TARGET, lost=("oncall",), new=("chat",))
    assert counted(moved) == {"fewer_critical": 1, "fewer": 1, "more": 1, "other_target": 1}


def test_critical_alert_that_is_told_as_less_is_fewer_critical_notifications_and_not_fewer() -> None:
    milder = difference(said("oncall", "chat", severity="critical"), said("oncall", "chat"), Kind.OTHER_SEVERITY)
    assert counted(milder) == {"fewer_critical": 2, "other_severity": 1}


def test_notification_that_is_not_critical_is_one_fewer_of_the_others() -> None:
    assert counted(difference(said("chat"), said(), Kind.NO_LONGER_SENT, lost=("chat",))) == {"fewer": 1}


def test_alert_that_becomes_critical_is_no_critical_one_fewer() -> None:
    raised = difference(said("chat"), said("chat", severity="critical"), Kind.OTHER_SEVERITY)
    assert counted(raised) == {"other_severity": 1}


def test_notification_that_comes_later_is_not_fewer() -> None:
    assert counted(difference(said("oncall", severity="critical"), said(), Kind.LATER)) == {"later": 1}


@pytest.mark.parametrize(
    ("found", "limit", "is_within"), [(0, 0, True), (1, 0, False), (3, 3, True), (4, 3, False), (10**6, None, True)]
)
def test_measure_is_within_its_limit_up_to_it(found: int, limit: int | None, is_within: bool) -> None:  # noqa: FBT001 the case
    assert Measure("more", found, limit).is_within is is_within


def test_enough_events_within_limits_are_a_verdict() -> None:
    assert verdict([Measure("more", 3, None)], ENOUGH, LIMITS) == (Verdict.WITHIN, ["10 alert events compared"])


def test_too_few_events_are_no_verdict() -> None:
    told, why = verdict([], Seen(9, 0, 0), LIMITS)
    assert (told, why) == (Verdict.UNKNOWN, ["9 alert events compared, at least 10 wanted (shadow.min_events)"])


def test_what_is_beyond_a_limit_is_so_however_little_was_compared() -> None:
    told, why = verdict([Measure("fewer_critical", 2, 0)], Seen(1, 0, 0), LIMITS)
    assert (told, why) == (Verdict.BEYOND, ["2 fewer_critical, at most 0 allowed (shadow.max_fewer_critical)"])


@pytest.mark.parametrize(("left_out", "told"), [(10, Verdict.WITHIN), (11, Verdict.UNKNOWN)])
def test_more_than_one_in_a_hundred_that_only_one_of_them_judged_is_no_verdict(left_out: int, told: Verdict) -> None:
    compared = 1000 - left_out
    assert verdict([], Seen(compared, left_out, 0), LIMITS)[0] is told
    assert verdict([], Seen(compared, 0, left_out), LIMITS)[0] is told


def test_fault_of_the_candidate_is_beyond_unless_it_is_allowed() -> None:
    allowed = LIMITS.model_copy(update={"max_faults": 1})
    told = [
        verdict(measures([], limits, told_otherwise=0, faults=1), ENOUGH, limits)[0] for limits in (LIMITS, allowed)
    ]
    assert told == [Verdict.BEYOND, Verdict.WITHIN]


def test_target_that_is_told_elsewhere_is_beyond_unless_it_is_allowed() -> None:
    allowed = LIMITS.model_copy(update={"max_told_otherwise": 1})
    told = [
        verdict(measures([], limits, told_otherwise=1, faults=0), ENOUGH, limits)[0] for limits in (LIMITS, allowed)
    ]
    assert told == [Verdict.BEYOND, Verdict.WITHIN]
