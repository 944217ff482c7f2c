"""Checks what the receivers were told: pure, fed with what they noted and what Kafka holds. At every target:

* each transition was told, or has a recorded end;
* one transition has one id, and one id is one transition;
* no id is first seen after the id of a newer transition: for a receiver that ignores ids it knows, nothing overtakes;
* the last request about an alert tells its last state: for a receiver that believes whatever comes last. A repeat of an
  older transition after a crash is allowed as long as the newer ones are repeated behind it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from tests.chaos.finding import DIFFERING, FIRING_LAST, LOST, OVERTAKEN, SHARED, STALE_LAST, STRAY, UNDECIDED, Finding
from tests.chaos.oracle import targets_of
from tests.chaos.receivers import Mood
from tests.chaos.settings import INCIDENTS, KINDS
from tests.chaos.transition import transitions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.chaos.evidence import Evidence
    from tests.chaos.receivers import Note
    from tests.chaos.transition import Transition

DEAD_LETTERED = "dead-lettered"
_TAKEN = frozenset({Mood.WELL, Mood.LATE, Mood.CUT})
"""Moods in which a request is answered 2xx, if only half; who was paused may have seen the late ones in time."""


class Visit(NamedTuple):
    """One alert at one target."""

    target: str
    name: str
    changes: list[Transition]
    notes: list[Note]
    """The requests, in order."""
    ends: dict[int, set[str]]
    """By rank: the words of the recorded outcomes."""

    def finding(self, what: str, detail: str) -> Finding:
        """Something is wrong here."""
        return Finding(what, self.name, self.target, detail)

    def rank(self, note: Note) -> int | None:
        """Which transition a request tells: the newest that fits."""
        spoken = note.spoken
        for change in reversed(self.changes):
            if change.status == spoken.status and spoken.starts_at in change.starts:
                return change.rank
        return None


class Told:
    """What the receivers noted, held against what they should have been told."""

    def __init__(self, evidence: Evidence, notes: Iterable[Note]) -> None:
        self._evidence = evidence
        self.duplicates = Counter[str]()
        """By target: requests beyond the first with the same id."""
        self._notes: dict[tuple[str, str], list[Note]] = defaultdict(list)
        self._strays: list[Finding] = []
        known = {f"#{fingerprint}": fingerprint for fingerprint in evidence.events}
        known |= {name: fingerprint for fingerprint, names in evidence.names.items() for name in names}
        for note in notes:
            fingerprint = known.get(note.spoken.name)
            if fingerprint is None:
                self._strays.append(Finding(STRAY, note.spoken.name, note.target, f"{note.spoken}"))
            elif note.mood is not Mood.LIMIT:  # a target that answers 429 has not taken it, says each target's document
                self._notes[note.target, fingerprint].append(note)
        self._outcomes: dict[tuple[str, str], list[tuple[str, set[str]]]] = defaultdict(list)
        for (target, fingerprint, transition), words in evidence.outcomes.items():
            self._outcomes[target, fingerprint].append((transition, words))

    def findings(self) -> Iterator[Finding]:
        """Whatever is wrong."""
        yield from self._strays
        for fingerprint, events in self._evidence.events.items():
            name = min(self._evidence.names[fingerprint])
            changes = transitions(events)
            expected = targets_of(self._evidence.labels[fingerprint])
            for target in KINDS:
                notes = self._notes.get((target, fingerprint), [])
                visit = Visit(target, name, changes, notes, self._ends(target, fingerprint, changes))
                if target in expected:
                    yield from self._of(visit)
                elif notes:
                    yield visit.finding(STRAY, f"{notes[0].spoken}")

    def _ends(self, target: str, fingerprint: str, changes: list[Transition]) -> dict[int, set[str]]:
        ends: dict[int, set[str]] = {change.rank: set() for change in changes}
        for transition, words in self._outcomes.get((target, fingerprint), ()):
            status, starts_at, _ = transition.split("/")
            for change in changes:
                if change.status == status and starts_at in change.starts:
                    ends[change.rank] |= words
        return ends

    def _of(self, visit: Visit) -> Iterator[Finding]:
        ranks: dict[str, int] = {}
        """By id."""
        highest = -1
        for note in visit.notes:
            rank, id_ = visit.rank(note), note.spoken.id
            if rank is None:
                yield visit.finding(STRAY, f"{note.spoken}")
                continue
            if id_ in ranks:
                self.duplicates[visit.target] += 1
            elif rank < highest:
                yield visit.finding(OVERTAKEN, f"{note.spoken} first came after {visit.changes[highest]}")
            if ranks.setdefault(id_, rank) != rank:
                yield visit.finding(SHARED, f"{id_} is {visit.changes[ranks[id_]]} and {visit.changes[rank]}")
            highest = max(highest, rank)
        yield from _differing(visit, ranks)
        yield from _missing(visit, {visit.rank(note) for note in visit.notes if note.mood in _TAKEN})
        yield from _last(visit)


def _differing(visit: Visit, ranks: dict[str, int]) -> Iterator[Finding]:
    for change in visit.changes:
        ids = sorted(id_ for id_, rank in ranks.items() if rank == change.rank)
        if len(ids) > 1:
            yield visit.finding(DIFFERING, f"{change}: {ids}")


def _missing(visit: Visit, told: set[int | None]) -> Iterator[Finding]:
    """What no target has answered 2xx, and has no recorded end that excuses it."""
    last = visit.changes[-1].rank
    for change in visit.changes:
        words = visit.ends[change.rank]
        if not words:
            yield visit.finding(UNDECIDED, f"no outcome of {change}")
        excused = {DEAD_LETTERED} if change.rank == last else {DEAD_LETTERED, "merged"}
        if visit.target in INCIDENTS:
            excused.add("not-needed")
        if change.rank not in told and not words & excused:
            yield visit.finding(LOST, f"{change} never came; recorded: {sorted(words) or 'nothing'}")


def _last(visit: Visit) -> Iterator[Finding]:
    """The last request tells the last state, unless that one has an end of its own that leaves the target right."""
    told = visit.rank(visit.notes[-1]) if visit.notes else None
    last = visit.changes[-1]
    if told is None or told == last.rank or DEAD_LETTERED in visit.ends[last.rank]:
        return
    was = visit.changes[told]
    if was.status == last.status == "resolved" and "not-needed" in visit.ends[last.rank]:
        return
    what = FIRING_LAST if (was.status, last.status) == ("firing", "resolved") else STALE_LAST
    yield visit.finding(what, f"{was} was told last, not {last}; recorded: {sorted(visit.ends[last.rank])}")
