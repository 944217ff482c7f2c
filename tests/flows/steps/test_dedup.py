"""A repeat inside the window ends at dedup; whatever says something new passes, and in doubt it passes."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerts.alert import Status
from alerts.errors import FormatError
from alerts.instant import instant
from flows.memory import COUNT_MAX
from flows.steps.dedup import CHANGED, DUPLICATE, NEW, REPEAT, Dedup, Seen
from tests.support.events import NOW_MS, arrival

WINDOW_MS = 60_000
FIRST, SECOND = "2025-11-24T15:00:00Z", "2025-11-24T15:30:00Z"
# How many windows after FIRST the first event is accepted.
TURN = (NOW_MS - int(instant(FIRST).timestamp() * 1000)) // WINDOW_MS


class Event(NamedTuple):
    """One alert event; `after_ms` after the one before."""

    after_ms: int
    fingerprint: int = 1
    status: Status = Status.FIRING
    starts_at: str = FIRST


FIRES = Event(0)
RESOLVES = Event(0, status=Status.RESOLVED)


def _told(events: list[Event]) -> list[Seen]:
    """What dedup says of each, one after the other; the state is swept and saved in between."""
    dedup = Dedup(timedelta(milliseconds=WINDOW_MS))
    state = dedup.begin()
    now_ms, told = NOW_MS, []
    for number, event in enumerate(events):
        now_ms += event.after_ms
        told.append(
            dedup(
                state,
                arrival(
                    id=f"in-{number}",
                    at_ms=now_ms,
                    fingerprint=f"{event.fingerprint:016x}",
                    status=event.status,
                    starts_at=event.starts_at,
                ),
            )
        )
        dedup.sweep(state, 1)
        state = dedup.resume(dedup.save(state))
    return told


def _outcomes(events: list[Event]) -> list[str]:
    return [seen.verdict.outcome for seen in _told(events)]


def _oracle(events: list[Event]) -> list[str]:
    """contract.md as a list of all that ever passed; what passed two windows ago is forgotten."""
    passed: dict[int, tuple[int, Status]] = {}
    clock_ms, now_ms, outcomes = NOW_MS, 0, []
    for event in events:
        clock_ms += event.after_ms
        now_ms = max(now_ms, clock_ms)
        at_ms, status = passed.get(event.fingerprint, (now_ms - 2 * WINDOW_MS, event.status))
        age_ms = now_ms - at_ms
        outcome = DUPLICATE
        if age_ms >= 2 * WINDOW_MS:
            outcome = NEW
        elif status is not event.status:
            outcome = CHANGED
        elif age_ms >= WINDOW_MS:
            outcome = REPEAT
        if outcome != DUPLICATE:
            passed[event.fingerprint] = (now_ms, event.status)
        outcomes.append(outcome)
    return outcomes


STEPS_MS = st.sampled_from(
    [0, 1, WINDOW_MS // 2, WINDOW_MS - 1, WINDOW_MS, WINDOW_MS + 1, 2 * WINDOW_MS, 5 * WINDOW_MS, -WINDOW_MS]
)
EVENTS = st.builds(Event, STEPS_MS, st.integers(1, 4), st.sampled_from(Status), st.sampled_from([FIRST, SECOND]))


@given(st.lists(EVENTS, max_size=60))
@example([Event(0, 9), Event(54_000, 1), Event(6_000, 9), Event(60_000, 9), Event(6_000, 1)])
def test_dedup_agrees_with_a_list_of_all_that_passed(events: list[Event]) -> None:
    """The example: an alert that repeats after its window, while others make the state turn."""
    assert _outcomes(events) == _oracle(events)


@given(st.lists(EVENTS, max_size=60))
def test_exactly_what_passes_has_a_transition(events: list[Event]) -> None:
    for seen in _told(events):
        assert (seen.transition is None) is (seen.verdict.outcome == DUPLICATE)


@given(st.lists(EVENTS, max_size=60))
@example(
    [
        Event(0, status=Status.RESOLVED, starts_at=SECOND),
        Event(WINDOW_MS),
        Event(0, status=Status.RESOLVED, starts_at=SECOND),
        Event(0),
    ]
)
def test_no_two_passes_of_an_alert_share_a_transition(events: list[Event]) -> None:
    """They would carry the same notification id, and a target may drop the second; however far apart they lie."""
    called = [
        (event.fingerprint, seen.transition)
        for event, seen in zip(events, _told(events), strict=True)
        if seen.transition is not None
    ]
    assert len(called) == len(set(called))


def test_first_event_of_an_alert_is_new() -> None:
    assert _outcomes([FIRES, FIRES._replace(fingerprint=2)]) == [NEW, NEW]


def test_repeat_within_the_window_is_dropped() -> None:
    assert _outcomes([FIRES, FIRES._replace(after_ms=WINDOW_MS - 1)]) == [NEW, DUPLICATE]


def test_repeat_at_window_end_passes() -> None:
    assert _outcomes([FIRES, FIRES._replace(after_ms=WINDOW_MS)]) == [NEW, REPEAT]


def test_window_runs_from_what_passed_not_from_what_was_dropped() -> None:
    half = FIRES._replace(after_ms=WINDOW_MS // 2)
    assert _outcomes([FIRES, half, half, half, half]) == [NEW, DUPLICATE, REPEAT, DUPLICATE, REPEAT]


def test_resolved_within_the_window_of_its_firing_passes() -> None:
    assert _outcomes([FIRES, RESOLVES]) == [NEW, CHANGED]


def test_resolve_told_twice_is_dropped_once() -> None:
    assert _outcomes([FIRES, RESOLVES, RESOLVES]) == [NEW, CHANGED, DUPLICATE]


def test_resolve_of_an_alert_never_seen_firing_passes() -> None:
    assert _outcomes([RESOLVES]) == [NEW]


def test_every_change_of_a_flapping_alert_passes_under_an_id_of_its_own() -> None:
    told = _told([FIRES, RESOLVES, FIRES, RESOLVES, FIRES])
    assert [seen.verdict.outcome for seen in told] == [NEW, CHANGED, CHANGED, CHANGED, CHANGED]
    assert [seen.transition for seen in told] == [
        f"firing/{FIRST}/{TURN}.0",
        f"resolved/{FIRST}/{TURN}.0",
        f"firing/{FIRST}/{TURN}.1",
        f"resolved/{FIRST}/{TURN}.1",
        f"firing/{FIRST}/{TURN}.2",
    ]


def test_repeat_after_the_window_is_called_by_its_turn() -> None:
    told = _told([FIRES, FIRES._replace(after_ms=WINDOW_MS), FIRES._replace(after_ms=WINDOW_MS)])
    assert [seen.transition for seen in told] == [f"firing/{FIRST}/{TURN + turns}.0" for turns in range(3)]


def test_repeat_long_after_it_was_forgotten_is_called_otherwise() -> None:
    """Alertmanager repeats every 12 h by default choice of many, the window is 4 h: three pages, three ids."""
    told = _told([FIRES, FIRES._replace(after_ms=3 * WINDOW_MS), FIRES._replace(after_ms=3 * WINDOW_MS)])
    assert len({seen.transition for seen in told}) == 3


def test_repeat_is_called_the_same_by_a_state_that_forgot_all() -> None:
    """A cold start tells it again, under the id it had."""
    dedup, late = Dedup(timedelta(milliseconds=WINDOW_MS)), arrival()
    late = late._replace(envelope=late.envelope._replace(accepted_ms=NOW_MS + WINDOW_MS))
    state = dedup.begin()
    dedup(state, arrival(starts_at=FIRST))
    known = dedup(state, late._replace(starts_at=FIRST)).transition
    assert known == dedup(dedup.begin(), late._replace(starts_at=FIRST)).transition


def test_new_firing_period_counts_from_nought() -> None:
    told = _told([FIRES, RESOLVES, FIRES._replace(starts_at=SECOND)])
    assert told[-1].transition is not None
    assert told[-1].transition.startswith(f"firing/{SECOND}/")
    assert told[-1].transition.endswith(".0")


def test_a_start_older_than_one_already_told_is_called_by_its_id() -> None:
    """Two Alertmanagers that disagree: the first one's second firing is no repeat of its first."""
    second = RESOLVES._replace(starts_at=SECOND)
    told = _told([FIRES, RESOLVES, FIRES._replace(starts_at=SECOND), second, FIRES])
    assert len({seen.transition for seen in told}) == 5


def test_another_start_with_the_same_status_is_still_a_duplicate() -> None:
    """contract.md: the key is the fingerprint, and what counts is the status."""
    assert _outcomes([FIRES, FIRES._replace(starts_at=SECOND)]) == [NEW, DUPLICATE]


def test_changed_annotations_alone_are_a_duplicate() -> None:
    dedup = Dedup(timedelta(milliseconds=WINDOW_MS))
    state = dedup.begin()
    dedup(state, arrival(line=b'{"labels":{},"annotations":{"value":"1"}}'))
    assert dedup(state, arrival(line=b'{"labels":{},"annotations":{"value":"2"}}')).transition is None


def test_clock_that_goes_back_does_not_prolong_the_window() -> None:
    back = FIRES._replace(after_ms=-10 * WINDOW_MS)
    on = FIRES._replace(after_ms=11 * WINDOW_MS)
    assert _outcomes([FIRES, back, on]) == [NEW, DUPLICATE, REPEAT]


@pytest.mark.parametrize(("after_ms", "expected"), [(2 * WINDOW_MS - 1, REPEAT), (2 * WINDOW_MS, NEW)])
def test_alert_is_forgotten_two_windows_after_it_passed(after_ms: int, expected: str) -> None:
    assert _outcomes([FIRES, FIRES._replace(after_ms=after_ms)])[-1] == expected


def test_state_holds_nothing_of_alerts_long_gone() -> None:
    dedup = Dedup(timedelta(milliseconds=WINDOW_MS))
    state = dedup.begin()
    for number in range(1000):
        dedup(state, arrival(at_ms=NOW_MS, fingerprint=f"{number:016x}"))
    for _ in range(1000):
        dedup(state, arrival(at_ms=NOW_MS + 2 * WINDOW_MS, fingerprint=f"{5000:016x}"))
        dedup.sweep(state, 1)
    assert len(state.memory) == 1


def test_verdict_of_a_duplicate_says_when_the_first_passed() -> None:
    assert _told([FIRES, FIRES])[-1].verdict.saw == {"passed_ms": NOW_MS}


@pytest.mark.parametrize("zone", ["Z", "+05:00", "-05:00"])
def test_repeat_of_an_alert_without_a_start_is_dropped_whatever_its_zone(zone: str) -> None:
    """The gateway takes Go's zero time for "none", and east of Greenwich no calendar has that moment."""
    fires = FIRES._replace(starts_at=f"0001-01-01T00:00:00{zone}")
    assert _outcomes([fires, fires]) == [NEW, DUPLICATE]


def test_events_of_one_alert_say_nothing_of_another() -> None:
    other = RESOLVES._replace(fingerprint=2)
    assert _outcomes([FIRES, other, FIRES, other]) == [NEW, NEW, DUPLICATE, DUPLICATE]


def test_state_of_another_version_is_refused_by_number() -> None:
    dedup = Dedup(timedelta(milliseconds=WINDOW_MS))
    with pytest.raises(FormatError, match="version 1"):
        dedup.resume({**dedup.save(dedup.begin()), "v": 1})


def test_state_of_this_version_is_resumed_as_it_was() -> None:
    dedup = Dedup(timedelta(milliseconds=WINDOW_MS))
    state = dedup.begin()
    dedup(state, arrival())
    assert dedup(dedup.resume(dedup.save(state)), arrival()).verdict.outcome == DUPLICATE


def test_alert_that_could_not_be_read_is_no_reason_to_drop_the_next() -> None:
    dedup = Dedup(timedelta(milliseconds=WINDOW_MS))
    state = dedup.begin()
    dedup(state, arrival())
    dedup.forget(state, arrival())
    assert dedup(state, arrival()).verdict.outcome == NEW


def test_changes_beyond_what_is_counted_are_still_called_otherwise() -> None:
    dedup = Dedup(timedelta(days=30))
    state, called = dedup.begin(), []
    for number in range(2 * COUNT_MAX + 10):
        status = Status.RESOLVED if number % 2 else Status.FIRING
        called.append(dedup(state, arrival(id=f"in-{number}", at_ms=NOW_MS + number, status=status)).transition)
    assert None not in called
    assert len(set(called)) == len(called)


@pytest.mark.parametrize("starts_at", ["0002-01-01T00:00:00Z", "9998-01-01T00:00:00Z"])
def test_changes_far_from_their_start_are_called_otherwise_even_when_forgotten(starts_at: str) -> None:
    """A second's window: the turn is larger than what is remembered of it."""
    dedup, called = Dedup(timedelta(seconds=1)), []
    for number in range(4):
        seen = dedup(dedup.begin(), arrival(id=f"in-{number}", at_ms=NOW_MS, starts_at=starts_at))
        called.append(seen.transition)
    assert len(set(called)) == len(called)
