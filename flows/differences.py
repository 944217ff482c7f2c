"""What one configuration decides otherwise than another, alert event by alert event. Pure.

A notification that another event of the same alert sends instead (same target, same status) has moved: it comes later
or earlier. The first that is gone is taken for the first that is new, the second for the second.
"""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from flows.decided import Reason, reason, severity, targets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flows.decided import Row


class Kind(StrEnum):
    """How an event is decided otherwise."""

    NEWLY_SENT = "newly sent"
    NO_LONGER_SENT = "no longer sent"
    OTHER_TARGET = "other target"
    LATER = "later"
    EARLIER = "earlier"
    OTHER_SEVERITY = "other severity"
    OTHER_REASON = "other reason"
    """The same is sent, or nothing as before, by another rule."""
    OTHER_DETAIL = "other detail"
    """Nothing of that, and yet not the same: an id, a category, a value that a rule saw."""


class Said(NamedTuple):
    """What was decided about an event."""

    targets: tuple[str, ...]
    severity: str | None
    """None: dedup ended it."""
    reason: Reason


class Move(NamedTuple):
    """A notification that another event of its alert sends instead."""

    target: str
    kind: Kind
    """Later or earlier."""
    id: str
    """Input id of the event that sends it now."""
    accepted_ms: int


class Difference(NamedTuple):
    """One event that is decided otherwise."""

    id: str
    """Input id."""
    fingerprint: str
    name: str
    status: str
    accepted_ms: int
    kinds: tuple[Kind, ...]
    """At least one, in the order of `Kind`."""
    before: Said
    after: Said
    moves: tuple[Move, ...] = ()
    lost: tuple[str, ...] = ()
    """Targets that hear of it from no event any more."""
    new: tuple[str, ...] = ()
    """Targets that heard of it from none."""


class _Pair(NamedTuple):
    """An event, decided twice."""

    place: int
    row: Row
    before: Said
    after: Said

    def sends(self, one: Said, other: Said) -> list[str]:
        return [target for target in one.targets if target not in other.targets]


_Moved = dict[tuple[int, str], _Pair]
"""By the place of an event and a target: the event that sends the notification instead."""


def differences(pairs: Sequence[tuple[Row, Row]]) -> Iterator[Difference]:
    """What differs, in the order given.

    Args:
        pairs: Decisions about the same event before and after, not the same, in the order their alerts came; all
            events of an alert are among them, or decided as before.
    """
    known = [_Pair(place, before, _said(before), _said(after)) for place, (before, after) in enumerate(pairs)]
    gone, come = _moved(known)
    for pair in known:
        found = _difference(pair, gone, come)
        if found is not None:
            yield found


def _said(row: Row) -> Said:
    return _shared(targets(row), severity(row), reason(row))


# There are few, and a difference for each of a million events.
_shared = lru_cache(4096)(Said)


def _moved(pairs: Sequence[_Pair]) -> tuple[_Moved, _Moved]:
    """Where notifications that are gone went to, and where those that are new came from."""
    lost: dict[tuple[str, str, str], list[_Pair]] = defaultdict(list)
    gained: dict[tuple[str, str, str], list[_Pair]] = defaultdict(list)
    for pair in pairs:
        for into, names in ((lost, pair.sends(pair.before, pair.after)), (gained, pair.sends(pair.after, pair.before))):
            for name in names:
                into[pair.row["fingerprint"], pair.row["status"], name].append(pair)
    gone: _Moved = {}
    come: _Moved = {}
    for key, events in lost.items():
        for event, instead in zip(events, gained.get(key, ()), strict=False):
            gone[event.place, key[2]] = instead
            come[instead.place, key[2]] = event
    return gone, come


def _difference(pair: _Pair, gone: _Moved, come: _Moved) -> Difference | None:
    row, before, after = pair.row, pair.before, pair.after
    moves = tuple(_move(pair, name, gone[pair.place, name]) for name in before.targets if (pair.place, name) in gone)
    lost = [name for name in pair.sends(before, after) if (pair.place, name) not in gone]
    gained = pair.sends(after, before)
    new = [name for name in gained if (pair.place, name) not in come]
    if len(new) < len(gained) and not (new or lost or moves):
        return None  # it is told of where the notification was before
    kinds = {move.kind for move in moves} | _of_targets(lost, new)
    now = gone[pair.place, moves[0].target].after if moves and not after.targets else after
    if before.severity and now.severity and before.severity != now.severity:
        kinds.add(Kind.OTHER_SEVERITY)
    if not (moves or lost or gained) and before.reason != after.reason:
        kinds.add(Kind.OTHER_REASON)
    about = (row["id"], row["fingerprint"], row["name"], row["status"], row["accepted_ms"])
    ordered = tuple(kind for kind in Kind if kind in (kinds or {Kind.OTHER_DETAIL}))
    return Difference(*about, ordered, before, after, moves, tuple(lost), tuple(new))


def _of_targets(lost: list[str], new: list[str]) -> set[Kind]:
    if lost and new:
        return {Kind.OTHER_TARGET}
    if lost:
        return {Kind.NO_LONGER_SENT}
    return {Kind.NEWLY_SENT} if new else set()


def _move(pair: _Pair, target: str, instead: _Pair) -> Move:
    kind = Kind.LATER if instead.place > pair.place else Kind.EARLIER
    return Move(target, kind, instead.row["id"], instead.row["accepted_ms"])
