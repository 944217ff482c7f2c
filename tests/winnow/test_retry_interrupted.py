"""Ctrl-C in the midst of a `retry`: what is told to have gone has gone."""

from __future__ import annotations

import os
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest
import typer

from connectors.configuration import load
from connectors.request import Message
from tests.support.product import wait_for
from tests.support.shelf import TOPICS, Shelf, shelf
from winnow._output import Output
from winnow._retry import Fate, Item, carry_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TARGET = "targets: [{name: oncall, kind: webhook, url: 'https://example.com/a'}]\n"
WAITING = "winnow: interrupted: waiting for Kafka to confirm what is under way; once more does not wait"


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Shelf]:
    with shelf(tmp_path, TARGET) as made:
        yield made


class Items(list[Item]):
    """Five to be sent and one that is not; calls `then` when so many of them were handed to Kafka."""

    def __init__(self, number: int, then: Callable[[], object]) -> None:
        to_send = Message(TOPICS.webhooks, b"x", None, 0)
        written = [Item(f"0/{n}", "", None, "oncall", None, Fate.TO_RETRY, messages=(to_send,)) for n in range(5)]
        super().__init__([*written, Item("0/9", "", None, "oncall", None, Fate.ALREADY)])
        self._passes, self._number, self._then = 0, number, then

    def __iter__(self) -> Iterator[Item]:
        self._passes += 1
        for number, one in enumerate(super().__iter__()):
            # The first time it only looks whether there is anything.
            if (self._passes, number) == (2, self._number):
                self._then()
            yield one


def carried_out(items: Items, capsys: pytest.CaptureFixture[str]) -> tuple[list[str], list[str]]:
    """What it says on standard output and standard error."""
    kafka = load(needs_sources=False).kafka
    with pytest.raises(typer.Exit) as ended:
        carry_out(kafka, items, Output.TABLE, dry_run=False)
    assert ended.value.exit_code == 130
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    told = capsys.readouterr()
    return told.out.splitlines(), told.err.splitlines()


def test_what_was_not_sent_when_it_came_is_left(held: Shelf, capsys: pytest.CaptureFixture[str]) -> None:
    output, errors = carried_out(Items(2, partial(signal.raise_signal, signal.SIGINT)), capsys)
    assert len(held.webhooks()) == 2
    assert output[-1] == "2 retried, 3 left, 1 already retried"
    assert errors[-1] == "winnow: interrupted: 2 sent back, 3 left; the same command goes on"


def test_dry_run_has_nothing_to_tell_of_it(held: Shelf, capsys: pytest.CaptureFixture[str]) -> None:
    kafka = load(needs_sources=False).kafka
    with pytest.raises(KeyboardInterrupt):
        carry_out(kafka, Items(2, partial(signal.raise_signal, signal.SIGINT)), Output.TABLE, dry_run=True)
    assert (held.webhooks(), capsys.readouterr().err) == ([], "")


@pytest.mark.parametrize(
    ("times", "counts", "says"),
    [
        (1, "5 retried, 1 already retried", "5 sent back, that was all of it"),
        (2, "5 failed, 1 already retried", "0 sent back, 5 left; the same command goes on"),
    ],
)
def test_first_has_it_wait_for_what_is_under_way_and_the_second_ends_that(
    held: Shelf, capsys: pytest.CaptureFixture[str], times: int, counts: str, says: str
) -> None:
    handed = threading.Event()

    def interrupt() -> None:
        handed.wait(60)
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
            wait_for(lambda: signal.getsignal(signal.SIGINT) is signal.default_int_handler, "the first is noted")

    held.broker.set_rtt(300)
    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    output, errors = carried_out(Items(5, handed.set), capsys)
    interrupting.join()
    assert (output[-1], errors) == (counts, [WAITING, f"winnow: interrupted: {says}"])
