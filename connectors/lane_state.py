"""A lane's part of a snapshot: plain data, so that it outlives the classes it came from. Pure.

Shape: `{"v": 2, "jobs": [...], "open": {target: {"alerts": [fingerprint], "has_forgotten": bool}}, "alive": [...]}`,
where `alive` may be missing and has `{"delivery", "until_ms"}` for each alert that is said again.
Version 1 had neither `open` nor deadlines; its deliveries get a whole deadline from when they were due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from alerts.delivery_json import Plain
from alerts.delivery_json import from_plain as delivery_from_plain
from alerts.delivery_json import to_plain as delivery_to_plain
from alerts.errors import FormatError
from connectors.job import Alive, Job
from connectors.request import Judgement, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from alerts.decision import Delivery
    from connectors.way import Way

VERSION = 2

Opened = dict[str, tuple[list[str], bool]]
"""By target: the alerts that may be open there, and whether there may be more."""


def to_plain(jobs: list[Plain], ways: Mapping[str, Way], alive: Iterable[Alive]) -> Plain:
    """A lane."""
    kept = [{"delivery": one.encoded, "until_ms": one.until_ms} for one in alive]
    opened = {name: {"alerts": way.all_open(), "has_forgotten": way.has_forgotten} for name, way in ways.items()}
    return {"v": VERSION, "jobs": jobs, "open": opened, "alive": kept}


def encode(delivery: Delivery) -> str:
    """A delivery as a snapshot holds it: JSON, so that what is in many snapshots is encoded once."""
    return orjson.dumps(delivery_to_plain(delivery)).decode()


def job_to_plain(job: Job, encoded: str) -> Plain:
    """A delivery on its way; `encoded` is the delivery."""
    last = None if job.last is None else {**job.last._asdict(), "judgement": job.last.judgement.value}
    return {**job._asdict(), "delivery": encoded, "last": last}


def from_plain(
    plain: Mapping[str, Any], deadline_ms: Callable[[Delivery], int]
) -> tuple[list[Job], Opened, list[Alive]]:
    """What `to_plain` was given, in the same order; all of it may have been sent since.

    Raises:
        FormatError: A snapshot of another version.
    """
    if plain.get("v") == 1:
        return _from_version_1(plain, deadline_ms)
    if plain.get("v") != VERSION:
        raise FormatError(f"deliveries of version {plain.get('v')!r} in the snapshot; this Winnow reads 1 to {VERSION}")
    opened = {name: (found["alerts"], found["has_forgotten"]) for name, found in plain["open"].items()}
    alive = [
        Alive(delivery_from_plain(orjson.loads(one["delivery"])), one["delivery"], one["until_ms"])
        for one in plain.get("alive", ())
    ]
    return [_job(job) for job in plain["jobs"]], opened, alive


def _job(job: Mapping[str, Any]) -> Job:
    last = job["last"] and Sent(**{**job["last"], "judgement": Judgement(job["last"]["judgement"])})
    delivery = delivery_from_plain(orjson.loads(job["delivery"]))
    return Job(**{**job, "delivery": delivery, "last": last, "may_repeat": True})


def _from_version_1(
    plain: Mapping[str, Any], deadline_ms: Callable[[Delivery], int]
) -> tuple[list[Job], Opened, list[Alive]]:
    jobs: list[Job] = []
    opened: Opened = {}
    for job in plain["jobs"]:
        delivery = delivery_from_plain(job["delivery"])
        due_ms: int = job["due_ms"]
        deadline = due_ms + deadline_ms(delivery)
        jobs.append(Job(delivery, job["tries"], due_ms, deadline, delivery.target, job["tries"], may_repeat=True))
        # Nobody noted which incidents were opened: each resolve is sent.
        opened[delivery.target] = ([], True)
    return jobs, opened, []
