"""An expiry resolves what nobody repeated and nothing else: in doubt it passes, and what was said since counts more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.alert import Status
from alerts.instant import rfc3339
from flows.steps.dedup import CHANGED, DUPLICATE, NEW, OVER, RENEWED, Dedup, Seen, State
from tests.support.events import ENVELOPE, NOW_MS, arrival

if TYPE_CHECKING:
    from alerts.alert import Arrival

WINDOW = timedelta(hours=4)
MINUTE_MS = 60_000
END_MS = NOW_MS + 4 * MINUTE_MS
LATER_MS = END_MS + MINUTE_MS


def fires(at_ms: int = NOW_MS, until_ms: int | None = END_MS) -> Arrival:
    return arrival(at_ms=at_ms, ends_at=None if until_ms is None else rfc3339(until_ms))


def resolves(at_ms: int) -> Arrival:
    return arrival(at_ms=at_ms, status=Status.RESOLVED, ends_at=rfc3339(at_ms))


def expires(ends_ms: int = END_MS, at_ms: int = END_MS + 10_000) -> Arrival:
    envelope = ENVELOPE._replace(accepted_ms=at_ms, expired_ms=ends_ms)
    return arrival(status=Status.RESOLVED, ends_at=rfc3339(ends_ms), envelope=envelope)


class Story:
    """One partition; each event lies in a record of its own."""

    def __init__(self) -> None:
        self.dedup = Dedup(WINDOW)
        self.state: State = self.dedup.begin()
        self.offset = 0

    def tell(self, *events: Arrival) -> list[Seen]:
        seen = []
        for event in events:
            seen.append(self.dedup(self.state, event))
            self.dedup.expect(self.state, event, self.offset)
            self.offset += 1
            self.state = self.dedup.resume(self.dedup.save(self.state))
        return seen

    def outcomes(self, *events: Arrival) -> list[str]:
        return [seen.verdict.outcome for seen in self.tell(*events)]

    def due(self, now_ms: int) -> list[tuple[int, int]]:
        """Which are due, by end and offset."""
        return [(one.ends_ms, one.offset) for one in self.dedup.due(self.state, now_ms, MINUTE_MS, 100)]


def test_alert_that_nobody_repeats_is_due_and_its_expiry_is_a_resolve_by_silence() -> None:
    story = Story()
    story.tell(fires())
    assert story.due(END_MS - 1000) == []
    assert story.due(END_MS) == [(END_MS, 0)]
    (seen,) = story.tell(expires())
    assert (seen.verdict.outcome, seen.verdict.rule) == (CHANGED, "silence")
    assert seen.verdict.saw["expired_ms"] == END_MS
    assert (seen.transition or "").startswith("resolved/")
    assert story.due(LATER_MS * 2) == []


def test_repeat_that_is_a_duplicate_moves_the_end_on() -> None:
    story = Story()
    assert story.outcomes(fires(), fires(NOW_MS + MINUTE_MS, LATER_MS)) == [NEW, DUPLICATE]
    assert story.due(END_MS) == []
    assert story.due(LATER_MS) == [(LATER_MS, 1)]


def test_expiry_of_an_alert_that_was_renewed_meanwhile_is_dropped_and_its_new_end_holds() -> None:
    story = Story()
    *before, seen = story.tell(fires(), fires(END_MS + 5, LATER_MS), expires())
    assert [one.verdict.outcome for one in before] == [NEW, DUPLICATE]
    assert seen.verdict == (RENEWED, "silence", {"expired_ms": END_MS, "passed_ms": NOW_MS, "ends_ms": LATER_MS})
    assert story.due(LATER_MS) == [(LATER_MS, 1)]


def test_expiry_of_an_alert_that_is_resolved_already_is_dropped() -> None:
    story = Story()
    assert story.outcomes(fires(), resolves(END_MS), expires()) == [NEW, CHANGED, OVER]
    assert story.due(LATER_MS) == []


def test_same_expiry_twice_resolves_once_however_late_the_second_is() -> None:
    story = Story()
    late_ms = END_MS + int(WINDOW.total_seconds() * 1000) + 1
    assert story.outcomes(fires(), expires(), expires(), expires(at_ms=late_ms)) == [NEW, CHANGED, OVER, OVER]


def test_alert_that_fires_again_after_its_expiry_is_told_again_and_an_old_expiry_does_not_end_it() -> None:
    story = Story()
    story.tell(fires(), expires())
    assert story.outcomes(fires(END_MS + MINUTE_MS, LATER_MS), expires()) == [CHANGED, RENEWED]


@pytest.mark.parametrize("is_resolved_between", [False, True])
def test_sender_that_says_no_end_is_not_overruled_by_the_silence_of_another(is_resolved_between: bool) -> None:  # noqa: FBT001
    story = Story()
    story.tell(fires(), *([resolves(NOW_MS + 1)] if is_resolved_between else []), fires(NOW_MS + 2, None))
    assert story.due(LATER_MS) == []
    assert story.outcomes(expires()) == [RENEWED]


def test_sender_that_says_no_end_is_not_overruled_after_a_cold_start_that_has_not_read_the_end() -> None:
    assert Story().outcomes(fires(NOW_MS + 2, None), expires()) == [NEW, RENEWED]


def test_expiry_of_an_alert_that_nobody_remembers_passes() -> None:
    assert Story().outcomes(expires()) == [NEW]


def test_alert_without_an_end_is_never_due() -> None:
    story = Story()
    story.tell(fires(until_ms=None))
    assert story.due(NOW_MS * 2) == []


def test_alert_that_is_yet_to_end_is_remembered_past_two_windows() -> None:
    story = Story()
    far_ms = NOW_MS + 100 * 3600 * 1000
    story.tell(fires(until_ms=far_ms), arrival(at_ms=far_ms - 1, fingerprint="00000000000000bb"))
    story.dedup.sweep(story.state, 10)
    story.dedup.sweep(story.state, 10)
    assert story.due(far_ms) == [(far_ms, 0)]
    assert story.outcomes(expires(far_ms, far_ms + 1)) == [NEW]


def test_end_that_cannot_be_read_is_none() -> None:
    story = Story()
    assert story.outcomes(arrival(ends_at="tomorrow"), arrival(ends_at="0001-01-01T00:00:00Z")) == [NEW, DUPLICATE]
    assert story.due(NOW_MS * 2) == []


def test_alert_whose_record_is_gone_waits_for_its_sender() -> None:
    story = Story()
    story.tell(fires())
    (ending,) = story.dedup.due(story.state, END_MS, MINUTE_MS, 100)
    story.dedup.give_up(story.state, ending)
    assert story.due(LATER_MS) == []
    assert story.outcomes(fires(END_MS + 1, LATER_MS)) == [DUPLICATE]
    assert story.due(LATER_MS) == [(LATER_MS, 1)]


def test_snapshot_that_was_written_before_there_were_timers_is_read() -> None:
    story = Story()
    story.tell(fires())
    saved = story.dedup.save(story.state)
    del saved["timers"]
    story.state = story.dedup.resume(saved)
    assert story.due(LATER_MS) == []
    assert story.outcomes(fires(NOW_MS + 1)) == [DUPLICATE]
    assert story.due(LATER_MS) == [(END_MS, 1)]
