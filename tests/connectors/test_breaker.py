"""When the breaker opens, how long it stays open, and what closes it."""

from __future__ import annotations

import pytest

from connectors.breaker import Breaker
from tests.support.events import NOW_MS


def _opened() -> Breaker:
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(NOW_MS)
    return breaker


def _after(calls: str, every_ms: int = 0) -> Breaker:
    """`x` is a failure, `.` a success, the first at NOW_MS."""
    breaker = Breaker()
    for number, call in enumerate(calls):
        (breaker.failed if call == "x" else breaker.succeeded)(NOW_MS + number * every_ms)
    return breaker


@pytest.mark.parametrize(
    ("calls", "is_open"),
    [
        ("xxxx", False),
        ("xxxxx", True),
        ("xx.x", False),
        ("..x.x", False),
        ("x.x.x", True),
        ("....xxx", False),
        ("....xxxx", True),
        ("." * 10 + "xxxx", False),
        ("." * 10 + "xxxxx", True),
    ],
)
def test_breaker_opens_on_five_in_a_row_or_half_of_five(calls: str, *, is_open: bool) -> None:
    assert _after(calls).is_open is is_open


@pytest.mark.parametrize(("every_ms", "is_open"), [(14_000, True), (15_000, False)])
def test_share_is_that_of_the_last_minute(every_ms: int, *, is_open: bool) -> None:
    assert _after("x.x.x", every_ms).is_open is is_open


def test_open_breaker_lets_one_probe_through_after_thirty_seconds() -> None:
    breaker = _opened()
    assert breaker.next_ms() == NOW_MS + 30_000
    breaker.take()
    assert breaker.next_ms() is None


def test_success_of_the_probe_closes_it() -> None:
    breaker = _opened()
    breaker.take()
    breaker.succeeded(NOW_MS + 30_000)
    assert (breaker.is_open, breaker.next_ms()) == (False, 0)


def test_failure_of_the_probe_opens_it_again() -> None:
    breaker = _opened()
    breaker.take()
    breaker.failed(NOW_MS + 40_000)
    assert breaker.next_ms() == NOW_MS + 70_000


def test_late_failure_of_an_older_call_does_not_prolong_it() -> None:
    breaker = _opened()
    breaker.failed(NOW_MS + 20_000)
    assert breaker.next_ms() == NOW_MS + 30_000


def test_after_closing_the_count_begins_anew() -> None:
    breaker = _opened()
    breaker.take()
    breaker.succeeded(NOW_MS + 30_000)
    for _ in range(4):
        breaker.failed(NOW_MS + 30_001)
    assert not breaker.is_open
