"""A replay by the same configuration finds what was decided, wherever it begins and whatever was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.events import NOW_MS
from tests.support.past import MINUTE_MS, Event, Past, config, replayed
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
