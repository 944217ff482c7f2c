"""One run: formats first, then a gateway on the broker in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.fuzz import client, reading
from tests.fuzz.corpus import corpus, mappings
from tests.fuzz.memory import Memory
from tests.fuzz.stored import Stored
from tests.support.gateway import broker, gateway

if TYPE_CHECKING:
    from tests.fuzz.client import Answers
    from tests.fuzz.reading import Read

READING = 0.25
"""The share of a run that goes to the formats alone."""
# Growth that a run of some seconds shows says nothing: pools fill, modules load.
MEMORY_LEAST_S = 120
GROWTH_MAX_MIB = 8.0


class Found(NamedTuple):
    """What a run came to."""

    read: Read
    answers: Answers
    stored: dict[str, int]
    """Alerts in Kafka by the ingest id of their request."""
    memory: tuple[float, float, float]
    faults: list[str]


def run(seconds: float, seed: int, samples: Path | None = None) -> Found:
    """Fuzz for so long; the same seed sends the same, as far as the machine lets it.

    Args:
        seconds: Together.
        seed: Of everything that is chosen.
        samples: A further folder of bodies.
    """
    bodies = corpus(samples)
    read = reading.run(bodies, seed, seconds * READING)
    with (
        broker() as (_, kafka),
        tempfile.TemporaryDirectory() as folder,
        gateway(Path(folder), kafka, mappings=mappings()) as running,
        Stored(kafka) as stored,
        Memory(running.process.pid) as memory,
    ):
        answers = client.run(running.port, bodies, seed, seconds * (1 - READING))
        log = running.log()
        assert running.is_ready(), "it is not ready any more"
    faults = [*read.crashes, *answers.faults, *_lost(answers.promised, stored.alerts), *_said(log)]
    line = memory.line()
    if seconds >= MEMORY_LEAST_S and line[1] - line[0] > GROWTH_MAX_MIB:
        faults.append(f"memory grows: {line[0]:.1f} MiB after the warm-up, {line[1]:.1f} MiB at the end")
    return Found(read, answers, stored.alerts, line, faults)


def _lost(promised: dict[str, int], stored: dict[str, int]) -> list[str]:
    return [
        f"{ingest_id}: {count} alerts accepted, {stored.get(ingest_id, 0)} in Kafka"
        for ingest_id, count in promised.items()
        if stored.get(ingest_id, 0) < count
    ]


def _said(log: str) -> list[str]:
    return [f"the gateway's log: {line[:1000]}" for line in log.splitlines() if _is_bad(line)][:20]


def _is_bad(line: str) -> bool:
    return any(word in line for word in ("Traceback", "panicked", "request_failed", "exited unexpectedly"))
