"""A replay by the same configuration finds what was decided, wherever it begins and whatever was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.advice import Advice, How
from alerts.instant import rfc3339
from tests.support.advice import ANSWER
from tests.support.events import NOW_MS
from tests.support.past import MINUTE_MS, Event, Past, config, id_of, replayed
from tests.support.shelf import TOPICS
from winnow._recorded import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

END_MS = 2**62


def differences(events: Sequence[Event], since_ms: int, warm_ms: int | None = None) -> list[list[str]]:
    """Of a replay from then on, the kinds."""
    span = Span(since_ms - 60 * MINUTE_MS if warm_ms is None else warm_ms, since_ms, END_MS)
    found = replayed(Past(config(), events), config(), span)
    assert (found.not_recorded, found.not_kept) == (0, 0)
    assert found.before().plain()["events"] == sum(since_ms <= one.at_ms + one.ahead_ms for one in events)
    return [[*map(str, one.kinds)] for one in found.found]


@pytest.mark.parametrize("ahead_ms", [0, 3000, 90_000, 299_000])
def test_alert_that_came_by_a_slow_gateway_while_a_fast_one_began_the_range_is_remembered(ahead_ms: int) -> None:
    """Kafka begins with the fast one's record, and others lie behind it that were accepted before the range."""
    events = []
    for minute in range(300):
        at_ms = NOW_MS + minute * MINUTE_MS
        events += [Event(at_ms + 1000, "X"), Event(at_ms + 1500, "Y", ahead_ms=ahead_ms), Event(at_ms + 2000, "Z")]
    for second in (0, 1, 3, 10):
        assert differences(events, NOW_MS + 200 * MINUTE_MS + second * 1000) == []


def fires(at_ms: int, ends_ms: int, starts_ms: int = NOW_MS - MINUTE_MS) -> Event:
    return Event(at_ms, starts_at=rfc3339(starts_ms), ends_at=rfc3339(ends_ms))


def expires(at_ms: int, ends_ms: int) -> Event:
    starts_at = rfc3339(NOW_MS - MINUTE_MS)
    return Event(at_ms, status="resolved", starts_at=starts_at, ends_at=rfc3339(ends_ms), expired_ms=ends_ms)


def test_expiry_that_is_the_first_event_of_its_alert_resolves_it_as_it_did() -> None:
    warm_ms = NOW_MS + 300 * MINUTE_MS
    ends_ms = warm_ms + MINUTE_MS
    again_ms = warm_ms + 4 * MINUTE_MS
    events = [fires(warm_ms - MINUTE_MS, ends_ms), expires(warm_ms + 2 * MINUTE_MS, ends_ms)]
    events += [fires(again_ms + n * MINUTE_MS, again_ms + (n + 4) * MINUTE_MS, again_ms) for n in range(120)]
    assert differences(events, warm_ms + 60 * MINUTE_MS, warm_ms) == []


@pytest.mark.parametrize("is_renewed_without_an_end", [False, True])
def test_expiry_of_what_was_renewed_before_the_range_does_not_undo_the_end_that_holds(
    is_renewed_without_an_end: bool,  # noqa: FBT001
) -> None:
    """The second expiry resolves it; with no end nothing does."""
    warm_ms = NOW_MS + 300 * MINUTE_MS
    ends_ms, later_ms = warm_ms - 20_000, warm_ms + 3 * MINUTE_MS
    renewed = fires(warm_ms - 1000, later_ms)
    events = [
        fires(warm_ms - 4 * MINUTE_MS, ends_ms),
        renewed._replace(ends_at=None) if is_renewed_without_an_end else renewed,
        expires(warm_ms + 1000, ends_ms),
        expires(later_ms + 10_000, later_ms),
        fires(later_ms + MINUTE_MS, later_ms + 5 * MINUTE_MS),
    ]
    assert differences(events, warm_ms, warm_ms) == []


@pytest.mark.parametrize("newest", [[0], [0, 230], [0, 241], [0, 250], [0, 238, 243]])
def test_ids_are_those_they_were_where_one_sender_says_another_start_and_falls_silent(newest: list[int]) -> None:
    """From then on the other's are called by their input and counted; the newest start was told long before."""
    old, new = rfc3339(NOW_MS - 10 * MINUTE_MS), rfc3339(NOW_MS - MINUTE_MS)
    told = [(minute, new) for minute in newest] + [(minute, old) for minute in range(5, 400, 5)]
    flips = {230: "resolved", 235: "firing", 245: "resolved", 250: "firing"}
    events = [
        Event(NOW_MS + minute * MINUTE_MS, starts_at=starts_at, status=flips.get(minute, "firing"))
        for minute, starts_at in sorted(told)
    ]
    assert differences(events, NOW_MS + 300 * MINUTE_MS) == []
    assert differences(events, NOW_MS + 300 * MINUTE_MS, NOW_MS + 300 * MINUTE_MS) == []


def test_newer_start_that_was_only_a_duplicate_before_the_range_is_not_taken_for_told() -> None:
    old, new = rfc3339(NOW_MS - 10 * MINUTE_MS), rfc3339(NOW_MS - MINUTE_MS)
    told = [(0, old), (5, new), (10, old), (31, old), (62, old), (70, new), (95, old)]
    events = [Event(NOW_MS + minute * MINUTE_MS, starts_at=starts_at) for minute, starts_at in told]
    begin_ms = NOW_MS + 3 * MINUTE_MS
    assert differences(events, begin_ms, begin_ms) == []


def test_input_that_is_decided_alike_twice_is_recorded_twice() -> None:
    end_ms = NOW_MS + 4 * MINUTE_MS
    late = expires(end_ms + MINUTE_MS, end_ms)._replace(number=7)
    events = [fires(NOW_MS, end_ms), fires(NOW_MS + MINUTE_MS, end_ms + 9 * MINUTE_MS), late, late]
    assert differences(events, NOW_MS, NOW_MS) == []


@pytest.mark.parametrize("between", [5, 1500])
@pytest.mark.parametrize("until", [60, 1000])
def test_alert_that_came_again_out_of_the_quarantine_was_decided_twice(between: int, until: int) -> None:
    """Its retry has the id and the moment of acceptance that it had; the model is asked of it then."""
    asking = config(classify={"llm": {"base_url": "http://127.0.0.1:1/v1", "model": "small"}})
    cut = Event(NOW_MS, "Cut", number=9999, is_cut=True)
    others = [Event(NOW_MS + n * 1000, f"Other{n % 3}") for n in range(between)]
    late_ms = 120 * MINUTE_MS
    retry = cut._replace(at_ms=NOW_MS + late_ms, ahead_ms=-late_ms, is_cut=False)
    after = Event(NOW_MS + late_ms - MINUTE_MS, "After")
    advice = {id_of(0, retry): Advice("a" * 16, How.ANSWERED, ANSWER)}
    past = Past(asking, [cut, *others, after, retry], advice)
    assert sum(b'"how":"answered"' in record.value for record in past.topics[TOPICS.decisions]) == 1
    found = replayed(past, asking, Span(NOW_MS, NOW_MS, NOW_MS + until * MINUTE_MS))
    assert (found.found, found.not_recorded, found.not_kept) == ([], 0, 0)
