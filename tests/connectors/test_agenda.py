from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.agenda import Agenda

NAMES = st.sampled_from("abcdefg")
MOMENTS = st.integers(min_value=0, max_value=9)
STEPS = st.lists(st.one_of(st.tuples(NAMES, MOMENTS), st.tuples(NAMES, st.none()), st.none()), max_size=300)


@given(STEPS)
def test_names_come_by_moment_and_then_as_they_were_put(steps: list[tuple[str, int | None] | None]) -> None:
    """A name and a moment are put, a name without one is dropped, None takes the first out."""
    agenda, put = Agenda(), dict[str, tuple[int, int]]()
    for turn, step in enumerate(steps):
        if step is None:
            assert agenda.first_ms() == min((at_ms for at_ms, _ in put.values()), default=None)
            if put:
                name = min(put, key=lambda one: put[one])
                assert agenda.due(put[name][0] - 1) is None
                assert agenda.due(put.pop(name)[0]) == agenda.pop() == name
            continue
        name, at_ms = step
        put.pop(name, None)
        if at_ms is None:
            agenda.drop(name)
        else:
            agenda.put(name, at_ms)
            put[name] = at_ms, turn
        assert sorted(agenda.names()) == sorted(put)
        assert len(agenda) == len(put)


def test_what_is_put_and_dropped_again_and_again_takes_no_room() -> None:
    agenda = Agenda()
    agenda.put("last", 1000)
    for at_ms in range(1000):
        agenda.put("other", at_ms)
        agenda.put("other", 999 - at_ms)
    agenda.drop("other")
    assert len(agenda._line) + len(agenda._heap) < 100
    assert agenda.pop() == "last"
