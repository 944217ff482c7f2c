from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from http_gateway.turns import take_turns


def _policy() -> int:
    return os.sched_getscheduler(0)


def _of_a_thread_started_afterwards() -> int:
    take_turns()
    with ThreadPoolExecutor(1) as inner:
        return inner.submit(_policy).result()


def _of_one_that_is_to_have_what_is_left() -> int:
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    take_turns()
    return _policy()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_threads_started_afterwards_take_turns_and_others_do_not() -> None:
    before = _policy()
    with ThreadPoolExecutor(1) as outer:
        assert outer.submit(_of_a_thread_started_afterwards).result() == os.SCHED_BATCH
    assert _policy() == before


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_policy_that_somebody_chose_stays() -> None:
    with ThreadPoolExecutor(1) as outer:
        assert outer.submit(_of_one_that_is_to_have_what_is_left).result() == os.SCHED_IDLE
