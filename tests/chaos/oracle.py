"""Checks what became of every obligation in Kafka: pure, fed with what lies there.

The order that counts is the one in which the gateway accepted the states of an alert: that of the webhooks topic. A run
of the same status is one transition; its rank is its place among those of its alert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.finding import FALSE, LOST, UNDECIDED, Finding
from tests.chaos.settings import KINDS, NO_TESTS, NOBODY, STEADY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.chaos.evidence import Evidence
    from tests.chaos.feeder import Accepted


def targets_of(labels: dict[str, str]) -> list[str]:
    """Who must be told of an alert with these labels: what settings.py configures, said again."""
    if labels.get("environment") == "test" or labels["team"] == NOBODY:
        flaky = [] if labels.get("environment") == "test" else [labels["watch"]]
        return [name for name in flaky if name in KINDS]
    return [name for name in (labels["watch"], STEADY) if name in KINDS]


def obligations(accepted: Iterable[Accepted], evidence: Evidence) -> Iterator[Finding]:
    """Every alert of every body that was answered 2xx lies in Kafka, as it was sent."""
    names = {fingerprint: min(found) for fingerprint, found in evidence.names.items()}
    stored = {
        event.id: (names[event.fingerprint], event.status, event.starts_at)
        for events in evidence.events.values()
        for event in events
    }
    for id_, told in accepted:
        for position, one in enumerate(told):
            if stored.get(f"{id_}-{position}") != tuple(one):
                yield Finding(LOST, one.name, "webhooks", f"accepted as {id_}-{position} ({one.status}), not in Kafka")


def decided(evidence: Evidence) -> Iterator[Finding]:
    """Every event has a decision, and what the decisions say is true."""
    for fingerprint, events in evidence.events.items():
        name = min(evidence.names[fingerprint])
        expected = targets_of(evidence.labels[fingerprint])
        is_test = evidence.labels[fingerprint].get("environment") == "test"
        told = ""
        for event in events:
            made = evidence.decisions.get(event.id, [])
            if not made:
                yield Finding(UNDECIDED, name, "decisions", f"{event.id} ({event.status} {event.starts_at})")
                continue
            said = [decision for decision in made if decision.transition is not None]
            if event.status != told and not said:
                yield Finding(FALSE, name, "dedup", f"{event.id} changed to {event.status}: {made[0].dedup}")
            told = event.status
            for decision in said:
                if decision.filter != (NO_TESTS if is_test else "allow"):
                    yield Finding(FALSE, name, "filter", f"{event.id}: {decision.filter}")
                elif set(decision.targets) != set(expected):
                    yield Finding(FALSE, name, "route", f"{event.id}: {decision.targets}, not {expected}")
