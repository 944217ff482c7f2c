"""How many may go at once, and how many after that; and the agenda lanes keep their turns in."""

from __future__ import annotations

import pytest

from connectors.agenda import Agenda
from connectors.bucket import Bucket
from tests.support.events import NOW_MS


def _times(bucket: Bucket, count: int, now_ms: int = NOW_MS) -> list[int]:
    """When each of `count` goes if all want to go at once, in milliseconds from `now_ms`."""
    times = []
    at_ms = now_ms
    for _ in range(count):
        at_ms = max(at_ms, bucket.next_ms())
        bucket.take(at_ms)
        times.append(at_ms - now_ms)
    return times


@pytest.mark.parametrize(
    ("rate", "burst", "times"),
    [
        (1, 1, [0, 1000, 2000]),
        (1, 3, [0, 0, 0, 1000, 2000]),
        (4, 2, [0, 0, 250, 500]),
        (0.5, 1, [0, 2000, 4000]),
    ],
)
def test_burst_goes_at_once_and_the_rest_at_the_rate(rate: float, burst: int, times: list[int]) -> None:
    assert _times(Bucket(rate, burst), len(times)) == times


def test_bucket_fills_up_to_its_burst_and_no_further() -> None:
    bucket = Bucket(1, 3)
    _times(bucket, 3)
    assert _times(bucket, 4, NOW_MS + 3_600_000) == [0, 0, 0, 1000]


def test_agenda_gives_the_earliest_first_and_a_name_once() -> None:
    agenda = Agenda()
    for name, at_ms in [("a", 3), ("b", 2), ("c", 2), ("a", 1)]:
        agenda.put(name, at_ms)
    agenda.drop("c")
    assert (len(agenda), agenda.first_ms()) == (2, 1)
    assert [agenda.pop(), agenda.pop()] == ["a", "b"]
    assert agenda.first_ms() is None


def test_agenda_does_not_grow_with_what_is_outdated() -> None:
    agenda = Agenda()
    for at_ms in range(10_000):
        agenda.put("a", at_ms)
    assert len(agenda._heap) < 100
    assert agenda.first_ms() == 9_999
