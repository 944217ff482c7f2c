"""What came in and has no recorded end is counted, once nothing could still be under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.record import Stored
from alerts.retry import Retry
from flows.plumbing.account import DEADLINE_S, Account
from flows.plumbing.account import account as of_the_flow
from flows.steps.convert import Convert
from tests.support.whole_flow import run, webhook

if TYPE_CHECKING:
    from alerts.alert import Arrival


class Clock:
    """Says what it is told."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_came_is_unaccounted_once_its_time_is_up(clock: Clock) -> None:
    account = Account(clock)
    account.came("record", 3)
    clock.now_s += DEADLINE_S - 1
    assert account.unaccounted() == 0
    clock.now_s += 1
    assert account.unaccounted() == 3


def test_what_left_in_parts_is_accounted_for_when_all_of_it_left(clock: Clock) -> None:
    account = Account(clock)
    account.came("record", 3)
    clock.now_s += DEADLINE_S
    account.left("record", 2)
    assert account.unaccounted() == 1
    account.left("record", 1)
    assert account.unaccounted() == 0


def test_an_end_of_what_never_came_counts_nothing(clock: Clock) -> None:
    account = Account(clock)
    account.left("restored")
    assert account.unaccounted() == 0


@pytest.fixture
def _nothing_open() -> None:
    """Whatever other tests left in the one account of this process."""
    of_the_flow._open.clear()


class Losing(Convert):
    """Loses the first alert of every record."""

    def __call__(self, value: bytes, accepted_ms: int) -> list[Arrival] | Retry:
        read = super().__call__(value, accepted_ms)
        return read if isinstance(read, Retry) else read[1:]


ALERT: dict[str, object] = {"status": "firing", "labels": {"alertname": "HighCPU"}, "startsAt": "2025-11-24T15:00:00Z"}


@pytest.mark.usefixtures("_nothing_open")
def test_all_that_goes_through_the_flow_leaves_it() -> None:
    run([*webhook(ALERT, ALERT), Stored(0, 5, 0, b"no record\nof ours")])
    assert len(of_the_flow) == 0


@pytest.mark.usefixtures("_nothing_open")
def test_what_a_step_loses_stays_open() -> None:
    run(webhook(ALERT, ALERT), convert=Losing())
    assert len(of_the_flow) == 1
