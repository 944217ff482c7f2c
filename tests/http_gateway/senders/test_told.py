from __future__ import annotations

from http_gateway.senders.told import Told


def test_line_is_due_once_a_minute() -> None:
    told = Told()
    assert [told.is_due("a", now_s) for now_s in (0.0, 0.1, 59.9, 60.0, 60.1)] == [True, False, False, True, False]


def test_another_line_is_due_all_the_same() -> None:
    told = Told()
    assert [told.is_due(line, 0.0) for line in ("a", "b", "a")] == [True, True, False]


def test_so_many_lines_are_due_within_a_minute_and_no_more() -> None:
    told = Told(most=2)
    assert [told.is_due(line, now_s) for line, now_s in (("a", 0.0), ("b", 30.0), ("c", 59.9))] == [True, True, False]
    assert [told.is_due(line, 60.0) for line in ("c", "a")] == [True, False]
