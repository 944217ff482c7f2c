"""The step that classifies, asked by hand: events in, what leaves and what waits out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.alert import Arrival, Status
from alerts.decision import Severity, Verdict
from alerts.record import open_alert
from flows.chunk import Chunk
from flows.plumbing.judging import ClassifyLogic, Saved
from flows.steps.classify import Classify
from flows.steps.dedup import Seen
from tests.support.events import arrival, line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alerts.advice import How
    from tests.support.advice import Desk

PARTITION = 3


def event(number: int = 0, name: str = "Checkout", status: str = "firing", **labels: str) -> Arrival:
    """One event of an alert; those of different `number` are of different alerts."""
    body = line({"alertname": name, **labels}, status=status)
    return arrival(fingerprint=f"{number:016x}", name=name, status=Status(status), line=body, id=f"{number}-{status}")


def chunk_of(*arrivals: Arrival, offset: int = 7, duplicates: Iterable[Arrival] = ()) -> Chunk:
    """A chunk after dedup, which let pass all but the duplicates."""
    passed = [Seen(Verdict("new", "window", {}), f"{one.status}/{one.id}") for one in arrivals]
    ended = [Seen(Verdict("duplicate", "window", {}), None) for _ in duplicates]
    every = [*duplicates, *arrivals]
    alerts = [open_alert(one) for one in arrivals]
    transitions = [one.transition or "" for one in passed]
    return Chunk(PARTITION, every, [], [(offset, len(every))], [*ended, *passed], alerts, transitions)


def logic_of(desk: Desk | None, state: Saved | None = None) -> ClassifyLogic:
    return ClassifyLogic(Classify(), desk.asking if desk else None, state)


def rows_of(chunks: Iterable[Chunk]) -> Iterator[tuple[str, How | None, Severity]]:
    """Of each alert its input id, how the model's word came, and what it is weighed."""
    for chunk in chunks:
        for alert, row in zip(chunk.alerts, chunk.judged, strict=True):
            yield alert.id, row.advice.how if row.advice else None, row.weighed.severity


def come(logic: ClassifyLogic, *chunks: Chunk) -> list[tuple[str, How | None, Severity]]:
    return list(rows_of(logic.on_batch(list(chunks))[0]))


def later(logic: ClassifyLogic, desk: Desk) -> Iterator[Chunk]:
    """What leaves until nothing is waited for; the model must be free to answer."""
    yield from logic.on_notify()[0]
    while logic.notify_at() is not None:
        desk.wake.wait(10)
        yield from logic.on_notify()[0]


def wait(logic: ClassifyLogic, desk: Desk) -> list[tuple[str, How | None, Severity]]:
    return list(rows_of(later(logic, desk)))
