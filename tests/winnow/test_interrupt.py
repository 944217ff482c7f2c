"""Ctrl-C as the verbs notice it that run until it comes."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from winnow._interrupt import Interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


@contextmanager
def handled_by(handler: Callable[..., object] | int) -> Iterator[None]:
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def test_first_is_noticed_where_it_is_looked_for() -> None:
    with Interrupt() as noticed:
        noticed.check()
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            noticed.check()


def test_second_ends_it_wherever_it_is() -> None:
    with Interrupt():
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            interrupt()


def test_wait_is_ended_by_it() -> None:
    with Interrupt() as noticed:
        later = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        later.start()
        with pytest.raises(KeyboardInterrupt):
            noticed.wait()
        later.join()


def test_afterwards_it_is_as_before() -> None:
    with Interrupt():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_that_was_there_before_takes_the_second_one_and_all_that_come_later() -> None:
    taken: list[int] = []
    with handled_by(lambda number, _: taken.append(number)):
        with Interrupt() as noticed:
            interrupt()
            assert (noticed.has_come, taken) == (True, [])
            interrupt()
        interrupt()
    assert taken == [signal.SIGINT] * 2


def test_where_it_is_ignored_it_stays_so() -> None:
    with handled_by(signal.SIG_IGN), Interrupt() as noticed:
        interrupt()
        noticed.check()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
