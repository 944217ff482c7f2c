"""When an answer was there, of a terminal that is easy to look at."""

from __future__ import annotations

import os
import pty

from benchmarks.explain import Answer, figure, seen_s


def seen(*parts: bytes) -> float | None:
    """When a needle was seen among these, written one by one to a terminal."""
    screen, terminal = pty.openpty()
    for part in parts:
        os.write(terminal, part)
    os.close(terminal)
    return seen_s(screen, b"00000000000000aa")


def test_needle_on_the_terminal_is_seen_though_it_comes_in_two_parts() -> None:
    assert seen(b"reading: 00000000", b"000000aa (firing)") is not None


def test_needle_that_never_comes_is_not_seen() -> None:
    assert seen(b"reading: 10,000 records") is None


def test_figure_is_the_first_answer_and_says_when_all_was_there() -> None:
    made = figure("by name", [Answer(1.5, 20, 9), Answer(2.5, 21, 10), Answer(1.9, 22, 11)])
    assert (made.value, made.is_missed) == (1.9, False)
    assert made.note == "all of it after 21.0 s, 10.0 s of CPU"
