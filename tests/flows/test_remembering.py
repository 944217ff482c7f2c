"""Dedup that begins in the middle goes on as the one that began before, by what that one says of an event."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.alert import Status
from alerts.instant import instant_ms
from flows.decided import known
from flows.remembering import Remembering
from flows.steps.dedup import Dedup
from tests.support.events import NOW_MS, arrival

if TYPE_CHECKING:
    from alerts.alert import Arrival
    from flows.steps.dedup import Seen

WINDOW = timedelta(minutes=1)
MINUTE_MS = 60_000
OLD, NEW = "2025-11-24T15:00:00Z", "2025-11-24T15:30:00Z"


def tells(number: int, at_ms: int, starts_at: str = NEW, status: Status = Status.FIRING) -> Arrival:
    return arrival(id=f"in-{number}", at_ms=at_ms, starts_at=starts_at, status=status)


EVENTS = [
    tells(0, NOW_MS),
    tells(1, NOW_MS, status=Status.RESOLVED),
    tells(2, NOW_MS, OLD),
    tells(3, NOW_MS + MINUTE_MS, OLD),
    tells(4, NOW_MS + MINUTE_MS),
    tells(5, NOW_MS + 2 * MINUTE_MS),
    tells(6, NOW_MS + 3 * MINUTE_MS, OLD),
]


def told(dedup: Dedup, events: list[Arrival]) -> list[Seen]:
    state = dedup.begin()
    return [dedup(state, event) for event in events]


def test_what_passes_says_what_was_counted_before_it_unless_a_turn_begins() -> None:
    counts = [{k: v for k, v in seen.verdict.saw.items() if k != "passed_ms"} for seen in told(Dedup(WINDOW), EVENTS)]
    newest_ms = instant_ms(NEW)
    newest = {"newest_ms": newest_ms, "turn": (NOW_MS - newest_ms) // MINUTE_MS}
    once, both = {"firings": 1, "resolves": 0}, {"firings": 1, "resolves": 1}
    assert counts[:5] == [{}, once, {**both, **newest}, {**both, "firings": 2, **newest}, {}]
    assert counts[5:] == [{}, {**once, **newest, "turn": newest["turn"] + 2}]


@pytest.mark.parametrize("begin", range(len(EVENTS)))
def test_wherever_it_begins_it_goes_on_as_the_one_that_began_before(begin: int) -> None:
    seen = told(Dedup(WINDOW), EVENTS)
    before = {
        event.id: found
        for event, one in zip(EVENTS[begin:], seen[begin:], strict=True)
        if (found := known(one.verdict.outcome, event.status, one.verdict.saw)) is not None
    }
    assert told(Remembering(WINDOW, before), EVENTS[begin:]) == seen[begin:]


def test_counts_of_shorter_windows_do_not_keep_a_longer_one_from_its_next_turn() -> None:
    seen = told(Dedup(WINDOW), EVENTS)
    passed = known(seen[3].verdict.outcome, Status.FIRING, seen[3].verdict.saw)
    assert passed is not None
    longer = Remembering(10 * WINDOW, {"in-3": passed})
    later = tells(9, NOW_MS + 10 * MINUTE_MS)
    assert told(longer, [EVENTS[3], later])[1].transition == f"firing/{NEW}/4.0"
