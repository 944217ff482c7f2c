"""Every format reads bodies that nobody should send; what it lets through can be stored, opened and read alone."""

from __future__ import annotations

import time
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from alerts import bounds
from alerts.errors import FormatError
from alerts.record import decode, open_alert, split
from alerts.webhook import Received
from tests.fuzz.corpus import forms
from tests.fuzz.mutate import body as mutated
from tests.support.events import ENVELOPE, NOW_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.formats import Format
    from alerts.webhook import Submission
    from tests.fuzz.corpus import Sample

SLOW_S = 2.0


class Read(NamedTuple):
    """What a run came to."""

    bodies: int
    alerts: int
    """That were let through."""
    crashes: list[str]
    """Each with the body that did it."""


def run(samples: Sequence[Sample], seed: int, seconds: float) -> Read:
    """Read changed bodies for so long."""
    random = Random(f"reading {seed}")
    known = forms()
    bodies = alerts = 0
    crashes: list[str] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and len(crashes) < 20:
        sample = random.choice(samples)
        body = mutated(random, sample.body)
        bodies += 1
        began = time.monotonic()
        try:
            alerts += check(known[sample.format], sample.format, body, random)
        except Exception as error:  # noqa: BLE001 any is a finding
            crashes.append(f"{sample.format}: {type(error).__name__}: {error}: {body[:2000]!r}")
        if time.monotonic() - began > SLOW_S:
            crashes.append(f"{sample.format}: took {time.monotonic() - began:.1f} s: {body[:2000]!r}")
    return Read(bodies, alerts, crashes)


def check(form: Format, name: str, body: bytes, random: Random) -> int:
    """How many alerts it lets through; raises if one of them cannot be worked with."""
    kinds = getattr(form, "TYPES", ("application/json",))
    headers = {"content-type": random.choice(kinds)}
    if random.random() < 0.2:
        headers |= {"ce-id": "1", "ce-source": "s", "ce-type": "t\u00ff%", "ce-specversion": "1.0"}
    try:
        webhook = bounds.read(form, Received(body, NOW_MS, headers))
    except FormatError:
        return 0
    lines = getattr(form, "LINES", name)
    records = split(ENVELOPE._replace(format=lines), webhook.submissions, 8)
    opened = [open_alert(arrival) for _, value in records for arrival in decode(value, NOW_MS)]
    assert len(opened) == len(webhook.submissions), "some got lost on the way through a record"
    assert all(alert.labels for alert in opened), "one has no labels"
    for submission in webhook.submissions[:3]:
        _alone(form, submission, headers)
    return len(opened)


def _alone(form: Format, submission: Submission, headers: dict[str, str]) -> None:
    if b'"cut":true' in submission.line:  # a mapping's, of which too much came to be kept: alerts/mapped.py
        return
    structured = {"content-type": headers["content-type"]}
    again = form.read(Received(form.alone(submission.line), NOW_MS, structured))
    assert len(again.submissions) == 1, f"cannot be read alone: {again.rejected}"
    assert again.submissions[0].labels == submission.labels, "is another when read alone"
