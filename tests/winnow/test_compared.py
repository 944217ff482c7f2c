"""What is decided now against what is on record, however that was cut into records and whatever a crash left in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flows.decided import lines
from tests.support.events import NOW_MS
from tests.support.past import Event, Past, config
from tests.support.shelf import TOPICS
from winnow import _compared
from winnow._compared import Comparison
from winnow._recorded import Recorded, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flows.decided import Line

    Texts = list[bytes]

EVENTS = [Event(NOW_MS + 1000 * number, f"Disk{number % 7}") for number in range(60)]
ALL = Span(0, 0, 2**62)


def decided() -> Texts:
    """Texts of decisions, as `flows.decided.lines` has them: 7 told something new, 53 were repeats."""
    past = Past(config(targets=[{"name": "web", "kind": "webhook"}]), EVENTS)
    return [text for record in past.topics[TOPICS.decisions] for _, text in lines(record.value)]


def records(texts: Sequence[bytes], size: int) -> list[bytes]:
    """So many to a record."""
    return [
        b'{"v":1,"config":"c","decisions":[{"id":"' + b',{"id":"'.join(texts[at : at + size]) + b"]}"
        for at in range(0, len(texts), size)
    ]


def compared(then: list[bytes], now: list[bytes], span: Span = ALL) -> Comparison:
    """What is found of records then and now, all of one partition."""
    recorded, comparison = Recorded(span), Comparison(span)
    for value in then:
        recorded.read(value, 3)
    comparison.begin(recorded)
    for value in now:
        comparison.take(value, 3)
    comparison.end()
    return comparison


def told(found: Comparison) -> tuple[int, int, int, int]:
    """Events that are the same or changed; changed ones; and those that are on one side only."""
    before, after = found.before().plain(), found.after().plain()
    assert before["events"] == after["events"]
    return before["events"], len(found.found), found.not_recorded, found.not_kept


@pytest.mark.parametrize("then", [1, 7, 60])
@pytest.mark.parametrize("now", [1, 13, 60])
def test_how_decisions_are_cut_into_records_is_no_difference(then: int, now: int) -> None:
    texts = decided()
    found = compared(records(texts, then), records(texts, now))
    assert told(found) == (60, 0, 0, 0)
    assert found.after().plain()["notifications"] == {"web": 7}
    assert found.after().plain()["suppressed"] == {"dedup": {"duplicate": 53}}


@pytest.mark.parametrize("then", [1, 7, 60])
def test_record_that_says_what_was_decided_is_not_taken_apart(then: int, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = decided()
    split: list[bytes] = []

    def noted(value: bytes) -> list[Line]:
        split.append(value)
        return lines(value)

    monkeypatch.setattr(_compared, "lines", noted)
    # The third differs, and those behind it are compared as they are again.
    now = records([*texts[:25], other(texts[25]), *texts[26:]], 10)
    assert told(compared(records(texts, then), now)) == (60, 1, 0, 0)
    assert split == [now[2]]


@pytest.mark.parametrize("now", [1, 8, 60])
@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(lambda texts: texts[:20] + texts[5:40] + texts[30:], (60, 0, 0, 0), id="two-crashes"),
        pytest.param(lambda texts: texts[:20] + texts[5:12] + texts[3:], (60, 0, 0, 0), id="crash-in-a-crash"),
        pytest.param(lambda texts: texts[:10] + texts[11:30] + texts[33:], (56, 0, 4, 0), id="four-are-gone"),
        pytest.param(lambda texts: texts[20:], (40, 0, 20, 0), id="the-first-are-gone"),
        pytest.param(lambda texts: texts[40:] + texts[:40], (60, 0, 0, 0), id="other-order"),
        pytest.param(lambda texts: texts[::-1], (60, 0, 0, 0), id="backwards"),
        pytest.param(lambda texts: [*texts[:9], other(texts[9]), *texts[10:]], (60, 1, 0, 0), id="one-differs"),
        pytest.param(lambda texts: [other(text) for text in texts], (60, 60, 0, 0), id="all-differ"),
        pytest.param(lambda texts: [*texts[:9], *added(texts[9]), *texts[9:]], (60, 0, 0, 1), id="one-more"),
        pytest.param(lambda texts: [*texts, *added(texts[9])], (60, 0, 0, 1), id="one-more-at-the-end"),
        pytest.param(lambda _: [], (0, 0, 60, 0), id="none"),
    ],
)
def test_each_decision_is_found_by_its_id_wherever_it_lies(
    edit: Callable[[Texts], Texts], expected: tuple[int, int, int, int], now: int
) -> None:
    texts = decided()
    assert told(compared(records(edit(texts), 10), records(texts, now))) == expected


def test_what_is_decided_twice_now_is_compared_once() -> None:
    texts = decided()
    assert told(compared(records(texts, 10), records(texts[:30] + texts[20:], 10)))[:2] == (60, 0)


def test_what_lies_before_the_range_is_met_and_not_counted() -> None:
    texts = decided()
    span = Span(0, NOW_MS + 25_000, NOW_MS + 50_000)
    assert told(compared(records(texts, 10), records(texts, 7), span)) == (25, 0, 0, 0)


def test_decision_that_is_met_before_its_turn_is_no_hindrance_to_those_behind_it() -> None:
    first, late, repeat, *_ = [*decided()[:2], *decided()[7:]]
    then, now = records([first, repeat, late], 3), [*records([repeat, first], 2), *records([late], 1)]
    assert told(compared(then, now)) == (3, 0, 0, 0)


def other(text: bytes) -> bytes:
    """The same event, decided by another rule."""
    return text.replace(b'"rule":"window"', b'"rule":"other"')


def added(text: bytes) -> Texts:
    """One of another event, as long."""
    return [b"f" + text[1:]]
