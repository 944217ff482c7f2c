"""Values for tests, each usable as it is; name what the test is about."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

from alerts.alert import Alert, Arrival, Envelope, Status
from alerts.decision import Classification, Delivery, Judge, Severity
from alerts.formats import alertmanager
from alerts.webhook import Received, Submission, Webhook
from connectors.targets import kinds

if TYPE_CHECKING:
    from alerts.config import Target
    from alerts.delivery_json import Plain
    from connectors.job import Job
    from connectors.lane import Lane

SAMPLES = Path(__file__).parents[1] / "samples"

NOW_MS = 1_764_000_000_000
"""2025-11-24T16:00:00Z, a Monday."""
STARTS_AT = "2025-11-24T15:59:00Z"
FINGERPRINT = "00000000000000aa"

ENVELOPE = Envelope("0123456789abcdef0123456789abcdef", "alertmanager", "default", "team", "{}:{}", NOW_MS)
FOUND = Classification(Severity.WARNING, "resource", 0.7, Judge.RULES, "high_cpu")


def line(labels: dict[str, str], **changes: object) -> bytes:
    """An alert as Alertmanager sends it, compact."""
    return json.dumps({"status": "firing", "labels": labels, "startsAt": STARTS_AT} | changes).encode()


def arrival(*, at_ms: int = NOW_MS, **changes: object) -> Arrival:
    """A firing HighCPU, accepted at `at_ms`."""
    envelope = ENVELOPE._replace(accepted_ms=at_ms)
    made = Arrival(
        f"{ENVELOPE.id}-0",
        FINGERPRINT,
        Status.FIRING,
        "HighCPU",
        STARTS_AT,
        None,
        envelope,
        line({"alertname": "HighCPU"}),
    )
    return made._replace(**changes)  # type: ignore[arg-type]


def alert(name: str = "HighCPU", *, at_ms: int = NOW_MS, **changes: object) -> Alert:
    """A firing alert; its labels hold its name and nothing else unless `labels` is given."""
    envelope = ENVELOPE._replace(accepted_ms=at_ms)
    labels = {"alertname": name}
    made = Alert(f"{ENVELOPE.id}-0", FINGERPRINT, Status.FIRING, name, STARTS_AT, None, envelope, labels, {}, "")
    return made._replace(**changes)  # type: ignore[arg-type]


def delivery(number: int = 0, *, target: str = "oncall", **changes: object) -> Delivery:
    """A delivery; those of different `number` are of different alerts."""
    of = alert(fingerprint=f"{number:016x}")
    made = Delivery(f"{number:032x}", target, f"firing/{STARTS_AT}/0", of, FOUND)
    return made._replace(**changes)  # type: ignore[arg-type]


def target(kind: str = "webhook", name: str = "oncall", **changes: object) -> Target:
    """A target of this kind as its example has it."""
    found = kinds()[kind]
    return found.Config.model_validate({**found.EXAMPLE, "name": name, **changes})


def taken(lane: Lane, now_ms: int) -> list[Job]:
    """What it sends now, one delivery a request."""
    loads = lane.take(now_ms)
    assert all(len(load) == 1 for load in loads)
    return [load[0] for load in loads]


def submission(name: str = "HighCPU", position: int = 0, **labels: str) -> Submission:
    """A valid alert of a webhook."""
    all_labels = {"alertname": name, **labels}
    return Submission(position, all_labels, Status.FIRING, STARTS_AT, None, "", line(all_labels))


def read(body: bytes) -> Webhook:
    """What an Alertmanager webhook of now holds."""
    return alertmanager.read(Received(body, NOW_MS))


def saved(plain: Plain) -> Plain:
    """A snapshot as it comes back from the recovery store; it is plain data through and through."""
    _check(plain)
    back: Plain = pickle.loads(pickle.dumps(plain))
    return back


def _check(value: object) -> None:
    assert type(value) in {dict, list, str, bytes, int, bool, type(None)}, f"{type(value)} is no plain data"
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for part in value:
            _check(part)
