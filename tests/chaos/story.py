"""What happened to single alerts, for whoever looks for the cause of a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.chaos.evidence import Evidence
    from tests.chaos.receivers import Note


def stories(names: Iterable[str], evidence: Evidence, notes: Sequence[Note], began: float) -> Iterator[str]:
    """The lines of each alert's story: what was accepted, decided and recorded, and each request about it."""
    wanted = dict.fromkeys(names)
    for fingerprint, known in evidence.names.items():
        name = min(known)
        if name not in wanted:
            continue
        yield f"{name} {fingerprint} {evidence.labels[fingerprint]}"
        yield from _accepted(fingerprint, evidence)
        for (target, of, transition), words in evidence.outcomes.items():
            if of == fingerprint:
                yield f"  recorded at {target}: {transition}: {sorted(words)}"
        for note in notes:
            if note.spoken.name in {name, f"#{fingerprint}"}:
                said = note.spoken
                yield (
                    f"  {note.at - began:8.2f} {note.target} was told {said.status} {said.starts_at} {said.id}"
                    f" and answered {note.mood.value}"
                )


def _accepted(fingerprint: str, evidence: Evidence) -> Iterator[str]:
    before = None
    for event in evidence.events[fingerprint]:
        made = evidence.decisions.get(event.id, [])
        said = [decision for decision in made if decision.transition]
        if said or (event.status, event.starts_at) != before:
            yield f"  accepted {event.id} {event.status} {event.starts_at}"
            for decision in made:
                yield f"    decided {decision.dedup} {decision.transition} {decision.filter} {decision.targets}"
        before = (event.status, event.starts_at)
