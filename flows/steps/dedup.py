"""Arrivals -> state changes: an alert that says again what it said before, inside the window, ends here.

The state of one partition is plain data, so a snapshot of it outlives this code:

    {"v": 2, "now_ms": int, "turned_ms": int, "young": {fingerprint: entry}, "old": {fingerprint: entry}}

An entry is `(status, passed_ms, starts_ms, turn, firings, resolves)`: what passed last and when, the newest startsAt,
and how often it was told as firing and as resolved in this turn. An entry counts for two windows. Every two windows
young becomes old and old is dropped, so none is dropped while it counts, and no timer per alert is needed.

What a transition is called decides a notification's id, so no two may be called the same, however long they lie apart
and whatever was forgotten between, and the same one must be called the same after a cold start. Hence the turn: how
many windows lie between startsAt and the acceptance. Only a startsAt older than one already told (two senders that
disagree) is called by its moment of acceptance instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypedDict

from alerts.alert import Arrival, Status
from alerts.decision import Verdict
from alerts.errors import FormatError
from alerts.instant import instant_ms

if TYPE_CHECKING:
    from datetime import timedelta

VERSION = 2

NEW = "new"
CHANGED = "changed"
REPEAT = "repeat"
DUPLICATE = "duplicate"

Entry = tuple[int, int, int, int, int, int]

_FIRING, _RESOLVED, _UNTOLD = 1, 0, -1


class State(TypedDict):
    """What is remembered of one partition's alerts."""

    v: int
    now_ms: int
    turned_ms: int
    young: dict[int, Entry]
    old: dict[int, Entry]


class Seen(NamedTuple):
    """What dedup says of one arrival."""

    verdict: Verdict
    transition: str | None
    """Which change it tells, `<status>/<startsAt>/<turn>.<count>`; None for a duplicate, which ends here."""


class Dedup:
    """Drops repeats inside a window: new, changed and repeat pass, duplicate does not."""

    def __init__(self, window: timedelta) -> None:
        self._window_ms = int(window.total_seconds() * 1000)

    def begin(self) -> State:
        """The state of a partition of which nothing is known."""
        return {"v": VERSION, "now_ms": 0, "turned_ms": 0, "young": {}, "old": {}}

    def resume(self, saved: State) -> State:
        """The state of a partition as a snapshot holds it.

        Raises:
            FormatError: A snapshot of another version.
        """
        if saved.get("v") != VERSION:
            raise FormatError(f"dedup state of version {saved.get('v')!r} in the snapshot; this Winnow reads {VERSION}")
        return saved

    def __call__(self, state: State, arrival: Arrival) -> Seen:
        """Judge one arrival and remember it in `state`, which changes in place.

        The moment is the arrival's acceptance; in a partition it never goes back.
        """
        now_ms = arrival.envelope.accepted_ms
        if now_ms > state["now_ms"]:
            state["now_ms"] = now_ms
            if now_ms - state["turned_ms"] >= 2 * self._window_ms:
                self._turn(state)
        now_ms = state["now_ms"]
        key = int(arrival.fingerprint, 16)
        entry = state["young"].get(key) or state["old"].pop(key, None)
        if entry is None or now_ms - entry[1] >= 2 * self._window_ms:
            return self._pass(state, key, arrival, None, NEW)
        if entry[0] == _UNTOLD:
            return self._pass(state, key, arrival, entry, NEW)
        if (entry[0] == _FIRING) is not (arrival.status is Status.FIRING):
            return self._pass(state, key, arrival, entry, CHANGED)
        if now_ms - entry[1] >= self._window_ms:
            return self._pass(state, key, arrival, entry, REPEAT)
        state["young"][key] = entry
        return Seen(Verdict(DUPLICATE, "window", {"passed_ms": entry[1]}), None)

    def passed_ms(self, state: State, fingerprint: str) -> int | None:
        """When an alert last told something new; None if it is not remembered."""
        key = int(fingerprint, 16)
        entry = state["young"].get(key) or state["old"].get(key)
        return None if entry is None else entry[1]

    def forget(self, state: State, arrival: Arrival) -> None:
        """What passed could not be read after all: whatever its alert says next is new, and no duplicate of it."""
        entry = state["young"].get(int(arrival.fingerprint, 16))
        if entry is not None:  # its counts stay: they keep the next notification's id its own
            state["young"][int(arrival.fingerprint, 16)] = (_UNTOLD, *entry[1:])

    def _turn(self, state: State) -> None:
        """Drop what nobody asked for since the last turn but one: it passed two windows ago or earlier."""
        is_late = state["now_ms"] - state["turned_ms"] >= 4 * self._window_ms
        state["old"] = {} if is_late else state["young"]
        state["young"] = {}
        state["turned_ms"] = state["now_ms"]

    def _pass(self, state: State, key: int, arrival: Arrival, entry: Entry | None, outcome: str) -> Seen:
        """Let it through and remember what was told."""
        is_firing = arrival.status is Status.FIRING
        newest_ms, turn, firings, resolves, name = self._period(state["now_ms"], arrival, entry)
        count = firings if is_firing else resolves
        state["young"][key] = (
            _FIRING if is_firing else _RESOLVED,
            state["now_ms"],
            newest_ms,
            turn,
            firings + is_firing,
            resolves + (not is_firing),
        )
        known = entry is not None and outcome != NEW
        saw: dict[str, str | int | float] = {"passed_ms": entry[1]} if known and entry is not None else {}
        return Seen(Verdict(outcome, "window", saw), f"{arrival.status}/{arrival.starts_at}/{name}.{count}")

    def _period(self, now_ms: int, arrival: Arrival, entry: Entry | None) -> tuple[int, int, int, int, int]:
        """Newest startsAt, its turn, what was told in it so far, and what the transition's turn is called."""
        starts_ms = instant_ms(arrival.starts_at)
        turn = (now_ms - starts_ms) // self._window_ms
        if entry is None or (starts_ms, turn) > entry[2:4]:
            return starts_ms, turn, 0, 0, turn
        _, _, newest_ms, newest_turn, firings, resolves = entry
        return newest_ms, newest_turn, firings, resolves, turn if starts_ms == newest_ms else now_ms
