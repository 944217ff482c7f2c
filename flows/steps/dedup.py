"""Arrivals -> state changes: an alert that says again what it said before, inside the window, ends here.

The state of one partition is plain data, so a snapshot of it outlives this code:

    {"v": 1, "now_ms": int, "turned_ms": int, "young": {fingerprint: entry}, "old": {fingerprint: entry}}

An entry is `(status, passed_ms, startsAt's checksum, firings, resolves)`: what passed last and when, and how often
this firing period was told as firing and as resolved. An entry counts for two windows. Every two windows young becomes
old and old is dropped, so none is dropped while it counts, and no timer per alert is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypedDict
from zlib import crc32

from alerts.alert import Arrival, Status
from alerts.decision import Verdict
from alerts.errors import FormatError

if TYPE_CHECKING:
    from datetime import timedelta

VERSION = 1

NEW = "new"
CHANGED = "changed"
REPEAT = "repeat"
DUPLICATE = "duplicate"

Entry = tuple[int, int, int, int, int]


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
    """Which change it tells, `<status>/<startsAt>/<count>`; None for a duplicate, which ends here."""


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
            return _pass(state, key, arrival, None, NEW)
        if (entry[0] == 1) is not (arrival.status is Status.FIRING):
            return _pass(state, key, arrival, entry, CHANGED)
        if now_ms - entry[1] >= self._window_ms:
            return _pass(state, key, arrival, entry, REPEAT)
        state["young"][key] = entry
        return Seen(Verdict(DUPLICATE, "window", {"passed_ms": entry[1]}), None)

    def forget(self, state: State, arrival: Arrival) -> None:
        """What passed could not be read after all: whatever its alert says next is new, and no duplicate of it."""
        state["young"].pop(int(arrival.fingerprint, 16), None)

    def _turn(self, state: State) -> None:
        """Drop what nobody asked for since the last turn but one: it passed two windows ago or earlier."""
        is_late = state["now_ms"] - state["turned_ms"] >= 4 * self._window_ms
        state["old"] = {} if is_late else state["young"]
        state["young"] = {}
        state["turned_ms"] = state["now_ms"]


def _pass(state: State, key: int, arrival: Arrival, entry: Entry | None, outcome: str) -> Seen:
    """Let it through and remember what was told."""
    starts = crc32(arrival.starts_at.encode())
    firings, resolves = (entry[3], entry[4]) if entry is not None and entry[2] == starts else (0, 0)
    is_firing = arrival.status is Status.FIRING
    count = firings if is_firing else resolves
    state["young"][key] = (
        int(is_firing), state["now_ms"], starts, firings + is_firing, resolves + (not is_firing)
    )  # fmt: skip
    saw: dict[str, str | int | float] = {"passed_ms": entry[1]} if entry is not None else {}
    return Seen(Verdict(outcome, "window", saw), f"{arrival.status}/{arrival.starts_at}/{count}")
