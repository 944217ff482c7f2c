"""Arrivals -> state changes: an alert that says again what it said before, inside the window, ends here.

The state of one partition in a snapshot is plain data, so it outlives this code:

    {"v": 3, "now_ms": int, "rows": bytes, "timers": bytes}    rows as flows.memory and flows.timers pack them

Without `timers` it was written by a Winnow that knew none; they come back as senders repeat.

An entry says what passed last and when, the newest startsAt, and how often it was told as firing and as resolved in
this turn. It counts for two windows and is swept out some time after, so no timer per alert is needed.

What a transition is called decides a notification's id, so no two may be called the same, however long they lie apart
and whatever was forgotten between, and the same one must be called the same after a cold start. Hence the turn: how
many windows lie between startsAt and the acceptance. Only a startsAt older than one already told (two senders that
disagree), and what is beyond counting, is called by its input id instead. One limit is left: a cold start has forgotten
the count, so an alert that flaps under one startsAt within one window can get a name that it had before.

A firing alert whose sender repeats it comes with the end it has if nobody does. When that has passed, an expiry comes
by the same way (`alerts.expiry`): it resolves the alert unless somebody has said more since.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple, NotRequired, TypedDict

from alerts.alert import Arrival, Status
from alerts.decision import Verdict
from alerts.errors import FormatError
from alerts.instant import instant_ms
from flows.memory import COUNT_MAX, TURN_MAX, Entry, Memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from flows.timers import Ending

VERSION = 3

NEW = "new"
CHANGED = "changed"
REPEAT = "repeat"
DUPLICATE = "duplicate"
RENEWED = "renewed"
OVER = "over"

_RESOLVED, _FIRING, _UNTOLD = range(3)
_STATUS_BITS = 3
# To look a member up by name takes Python 3.11 sixty nanoseconds, more than to compare it; likewise in other steps.
_STATUS_FIRING = Status.FIRING


# What an event is called after its status; to write a member as text takes Python 3.11 half a microsecond.
_WORDS = {_RESOLVED: Status.RESOLVED.value, _FIRING: Status.FIRING.value}


class Saved(TypedDict):
    """A partition's part of a snapshot."""

    v: int
    now_ms: int
    rows: bytes
    timers: NotRequired[bytes]


class State:
    """What is remembered of one partition's alerts."""

    def __init__(self, now_ms: int = 0, rows: bytes = b"", timers: bytes = b"") -> None:
        self.now_ms = now_ms
        self.memory = Memory(rows, timers)


class Seen(NamedTuple):
    """What dedup says of one arrival."""

    verdict: Verdict
    transition: str | None
    """Which change it tells, `<status>/<startsAt>/<turn or input id>.<count>`; None for a duplicate: it ends here."""


class Counted(NamedTuple):
    """How often an alert was told when an event of it passed."""

    firings: int
    """In this turn; none: its turn began with this event."""
    resolves: int
    newest_ms: int | None = None
    """The newest startsAt it told; None: this event's."""
    turn: int | None = None
    """Of that startsAt; None: the one this event is in."""


# At half of the price of naming the class: it is made for every alert that passes.
_seen_of: Callable[[tuple[Verdict, str | None]], Seen] = partial(tuple.__new__, Seen)
_NEW = Verdict(NEW, "window", {})


# Most alerts are duplicates, and those of one webhook passed at one moment.
@lru_cache(maxsize=4096)
def _duplicate(passed_ms: int) -> Seen:
    return Seen(Verdict(DUPLICATE, "window", {"passed_ms": passed_ms}), None)


class Dedup:
    """Drops repeats inside a window: new, changed and repeat pass, duplicate does not."""

    def __init__(self, window: timedelta) -> None:
        self._window_ms = int(window.total_seconds() * 1000)

    def begin(self) -> State:
        """The state of a partition of which nothing is known."""
        return State()

    def resume(self, saved: Saved) -> State:
        """The state of a partition as a snapshot holds it.

        Raises:
            FormatError: A snapshot of another version.
        """
        if saved.get("v") != VERSION:
            raise FormatError(f"dedup state of version {saved.get('v')!r} in the snapshot; this Winnow reads {VERSION}")
        return State(saved["now_ms"], saved["rows"], saved.get("timers", b""))

    def save(self, state: State) -> Saved:
        """A copy of the state, as `resume` takes it."""
        memory = state.memory
        return {"v": VERSION, "now_ms": state.now_ms, "rows": memory.packed(), "timers": memory.timers.packed()}

    def __call__(self, state: State, arrival: Arrival) -> Seen:
        """Judge one arrival and remember it in `state`, which changes in place.

        The moment is the arrival's acceptance; in a partition it never goes back.
        """
        envelope = arrival.envelope
        now_ms = envelope.accepted_ms
        if now_ms < state.now_ms:
            now_ms = state.now_ms
        else:
            state.now_ms = now_ms
        key = int(arrival.fingerprint, 16)
        if envelope.expired_ms:
            return self._expire(state, arrival, key)
        last = state.memory.last(key)
        if last is None or now_ms - (last >> 2) >= 2 * self._window_ms:
            return self._pass(state, arrival, key, None, NEW)
        passed_ms, status = last >> 2, last & _STATUS_BITS
        if status == _UNTOLD:
            return self._pass(state, arrival, key, state.memory.get(key), NEW)
        if (status == _FIRING) is not (arrival.status is _STATUS_FIRING):
            return self._pass(state, arrival, key, state.memory.get(key), CHANGED)
        if now_ms - passed_ms >= self._window_ms:
            return self._pass(state, arrival, key, state.memory.get(key), REPEAT)
        return _duplicate(passed_ms)

    def expect(self, state: State, arrival: Arrival, offset: int) -> None:
        """Remember until when an alert holds of which `__call__` has just judged, and where that was said.

        Args:
            state: Changes in place.
            arrival: Firing with an end; or firing without one, or resolved, which undoes what was said before.
            offset: Of its record.
        """
        key = int(arrival.fingerprint, 16)
        number = state.memory.number(key)
        if number is None or arrival.envelope.expired_ms:
            return
        timers = state.memory.timers
        if arrival.status is Status.RESOLVED:
            timers.clear(number)
        elif arrival.ends_at is None:
            timers.hold(number)
        else:
            timers.put(number, key, _ends_ms(arrival.ends_at), offset)

    def due(self, state: State, now_ms: int, again_ms: int, at_most: int) -> list[Ending]:
        """The alerts whose end has come and of which nothing was said since; see `Timers.due`."""
        return state.memory.timers.due(now_ms, again_ms, at_most, state.memory.number)

    def give_up(self, state: State, ending: Ending) -> None:
        """What said that this alert fires is kept no more: it cannot be ended, so it waits for its sender to speak."""
        number = state.memory.number(ending.key)
        if number is not None and state.memory.timers.ends_ms(number) == ending.ends_ms:
            state.memory.timers.clear(number)

    def passed_ms(self, state: State, fingerprint: str) -> int | None:
        """When an alert last told something new; None if it is not remembered."""
        last = state.memory.last(int(fingerprint, 16))
        return None if last is None else last >> 2

    def forget(self, state: State, arrival: Arrival) -> None:
        """What passed could not be read after all: whatever its alert says next is new, and no duplicate of it."""
        key = int(arrival.fingerprint, 16)
        entry, number = state.memory.get(key), state.memory.number(key)
        if number is not None:
            state.memory.timers.clear(number)
        if entry is not None:  # its counts stay: they keep the next notification's id its own
            state.memory.put(entry._replace(status=_UNTOLD))

    def remind(self, state: State, arrival: Arrival, passed_ms: int, status: Status) -> None:
        """Remember that the alert last passed then and as that, once: its startsAt is taken for the arrival's."""
        starts_ms, is_firing = instant_ms(arrival.starts_at), status is Status.FIRING
        turn = (passed_ms - starts_ms) // self._window_ms
        told = _FIRING if is_firing else _RESOLVED
        key = int(arrival.fingerprint, 16)
        state.memory.put(Entry(key, passed_ms, starts_ms, turn, int(is_firing), int(not is_firing), told))

    def recount(self, state: State, arrival: Arrival, counted: Counted) -> None:
        """Remember how often the alert was told before this event of it, if it is remembered at all."""
        entry = state.memory.get(int(arrival.fingerprint, 16))
        if entry is None:
            return
        firings, resolves, newest_ms, turn = counted
        if newest_ms is None:
            newest_ms = instant_ms(arrival.starts_at)
        now_ms = max(state.now_ms, arrival.envelope.accepted_ms)
        latest = (now_ms - newest_ms) // self._window_ms - (not firings and not resolves)
        # Counted in shorter windows than these it would be a turn that is yet to come.
        turn = latest if turn is None else min(turn, latest)
        state.memory.put(entry._replace(starts_ms=newest_ms, turn=turn, firings=firings, resolves=resolves))

    def sweep(self, state: State, arrivals: int) -> None:
        """After so many arrivals: forget some of what counts no more, twice as fast as arrivals can add to it."""
        state.memory.sweep(2 * arrivals, state.now_ms - 2 * self._window_ms)

    def _expire(self, state: State, arrival: Arrival, key: int) -> Seen:
        """Silence resolves what fires, unless somebody spoke meanwhile; nothing known of it is doubt, and passes."""
        entry, number = state.memory.get(key), state.memory.number(key)
        saw: dict[str, str | int | float] = {"expired_ms": arrival.envelope.expired_ms}
        if number is not None and entry is not None:
            ends_ms = state.memory.timers.ends_ms(number)
            # Firing without an end: whoever said so was read after a cold start, the end before it was not.
            if ends_ms > arrival.envelope.expired_ms or (not ends_ms and entry.status == _FIRING):
                ends = {"ends_ms": ends_ms} if state.memory.timers.is_timed(number) else {}
                return Seen(Verdict(RENEWED, "silence", {**saw, "passed_ms": entry.passed_ms, **ends}), None)
            state.memory.timers.clear(number)
        if entry is not None and entry.status == _RESOLVED:
            return Seen(Verdict(OVER, "silence", {**saw, "passed_ms": entry.passed_ms}), None)
        if entry is not None and state.now_ms - entry.passed_ms >= 2 * self._window_ms:
            entry = None
        outcome = NEW if entry is None or entry.status == _UNTOLD else CHANGED
        verdict, transition = self._pass(state, arrival, key, entry, outcome)
        return Seen(verdict._replace(rule="silence", saw={**verdict.saw, **saw}), transition)

    def _pass(self, state: State, arrival: Arrival, key: int, entry: Entry | None, outcome: str) -> Seen:
        """Let it through and remember what was told."""
        is_firing = arrival.status is _STATUS_FIRING
        newest_ms, turn, firings, resolves, name = self._period(state.now_ms, arrival, entry)
        count = firings if is_firing else resolves
        if count >= COUNT_MAX:  # they are counted no further, and the next must not be called the same
            name = arrival.id
        status = _FIRING if is_firing else _RESOLVED
        told = (key, state.now_ms, newest_ms, turn, firings + is_firing, resolves + (not is_firing), status)
        state.memory.put(told)
        transition = f"{_WORDS[status]}/{arrival.starts_at}/{name}.{count}"
        if entry is None or outcome == NEW:
            return _seen_of((_NEW, transition))
        saw: dict[str, str | int | float] = {"passed_ms": entry.passed_ms}
        if firings or resolves:  # they are counted on; a replay that begins here must know it
            saw |= {"firings": firings, "resolves": resolves}
            if name == arrival.id:
                saw |= {"newest_ms": newest_ms, "turn": turn}
        return Seen(Verdict(outcome, "window", saw), transition)

    def _period(self, now_ms: int, arrival: Arrival, entry: Entry | None) -> tuple[int, int, int, int, str]:
        """Newest startsAt, its turn, what was told in it so far, and what the transition's turn is called."""
        starts_ms = instant_ms(arrival.starts_at)
        turn = (now_ms - starts_ms) // self._window_ms
        name = str(turn) if -TURN_MAX < turn < TURN_MAX else arrival.id
        if entry is None or starts_ms > entry.starts_ms or (starts_ms == entry.starts_ms and turn > entry.turn):
            return starts_ms, turn, 0, 0, name
        if starts_ms < entry.starts_ms:
            name = arrival.id
        return entry.starts_ms, entry.turn, entry.firings, entry.resolves, name


def _ends_ms(text: str) -> int:
    """0 if it is no instant: of what others wrote into the topic."""
    try:
        return instant_ms(text)
    except ValueError:
        return 0
