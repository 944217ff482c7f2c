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


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_threads_started_afterwards_take_turns_and_others_do_not() -> None:
    before = _policy()
    with ThreadPoolExecutor(1) as outer:
        assert outer.submit(_of_a_thread_started_afterwards).result() == os.SCHED_BATCH
    assert _policy() == before
