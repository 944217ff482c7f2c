"""The oracle itself: each promise broken by hand is found, and what a crash may leave is not."""

from __future__ import annotations

from tests.chaos.evidence import Event, Evidence
from tests.chaos.finding import DIFFERING, FIRING_LAST, LOST, OVERTAKEN, SHARED, STALE_LAST, STRAY, UNDECIDED
from tests.chaos.receivers import Mood, Note
from tests.chaos.spoken import Spoken
from tests.chaos.told import Told

PRINT = "00000000000000aa"
F1, R1, F2, R2 = ("firing", "t1"), ("resolved", "t1"), ("firing", "t2"), ("resolved", "t2")
Change = tuple[str, str]


def found(told: list[Change | Note], *events: Change, target: str = "hook", **ends: str) -> list[str]:
    """What is wrong when `target` is told so; outcomes are `delivered` unless `ends` (`r1="merged"`) says else."""
    labels = {"instance": "a", "team": "nobody", "watch": target, "environment": "live"}
    words = {change: ends.get(f"{change[0][0]}{change[1][1]}", "delivered") for change in events}
    outcomes = {(target, PRINT, f"{'/'.join(change)}/0.0"): {word} - {""} for change, word in words.items()}
    accepted = [Event(f"e-{number}", PRINT, *event) for number, event in enumerate(events)]
    evidence = Evidence({PRINT: accepted}, {PRINT: {"a"}}, {PRINT: labels}, {}, outcomes, set(), 0)
    notes = [one if isinstance(one, Note) else note(one, target=target) for one in told]
    return [finding.what for finding in Told(evidence, notes).findings()]


def note(change: Change, *, id_: str = "", target: str = "hook", mood: Mood = Mood.WELL) -> Note:
    return Note(0.0, target, mood, Spoken("a", *change, id_ or "/".join(change)))


def test_what_is_told_in_order_is_right() -> None:
    assert found([F1, R1, F2, R2], F1, R1, F2, R2) == []


def test_repeat_of_an_older_transition_is_right_when_the_newer_ones_are_repeated_behind_it() -> None:
    assert found([F1, R1, F1, R1], F1, R1) == []


def test_firing_that_is_repeated_last_is_found() -> None:
    assert found([F1, R1, F1], F1, R1) == [FIRING_LAST]


def test_resolve_that_is_repeated_last_is_found() -> None:
    assert found([F1, R1, F2, R1], F1, R1, F2) == [STALE_LAST]


def test_id_first_seen_after_that_of_a_newer_transition_is_found() -> None:
    assert found([R1, F1, R1], F1, R1) == [OVERTAKEN]


def test_one_transition_with_two_ids_is_found() -> None:
    assert found([note(F1, id_="x"), note(F1, id_="y")], F1) == [DIFFERING]


def test_one_id_for_two_transitions_is_found() -> None:
    assert found([note(F1, id_="x"), note(R1, id_="x")], F1, R1) == [SHARED]


def test_what_is_recorded_as_delivered_and_never_came_is_lost() -> None:
    assert found([F1], F1, R1) == [LOST, FIRING_LAST]


def test_what_was_only_answered_500_is_lost() -> None:
    assert found([note(F1, mood=Mood.ERROR)], F1) == [LOST]


def test_transition_without_an_outcome_is_found() -> None:
    assert found([F1, R1], F1, R1, r1="") == [UNDECIDED]


def test_merged_is_an_end_only_where_something_newer_follows() -> None:
    assert found([R1], F1, R1, f1="merged") == []
    assert found([F1], F1, R1, r1="merged") == [LOST, FIRING_LAST]


def test_dead_letter_is_an_end() -> None:
    assert found([F1], F1, R1, r1="dead-lettered") == []


def test_not_needed_is_an_end_only_where_incidents_are_opened() -> None:
    assert found([], F1, R1, target="pager", f1="not-needed", r1="not-needed") == []
    assert found([], F1, R1, f1="not-needed", r1="not-needed") == [LOST, LOST]


def test_incident_left_open_is_found_whatever_is_recorded() -> None:
    assert found([F1], F1, R1, target="root", f1="not-needed", r1="not-needed") == [FIRING_LAST]


def test_firing_answered_429_opened_nothing() -> None:
    told = note(F1, target="root", mood=Mood.LIMIT)
    assert found([told], F1, R1, target="root", f1="not-needed", r1="not-needed") == []


def test_request_nobody_asked_for_is_found() -> None:
    assert found([F1, ("firing", "t7")], F1) == [STRAY]
    assert found([F1, note(F1, target="chat")], F1) == [STRAY]
