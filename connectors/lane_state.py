"""A lane's part of a snapshot: plain data, so that it outlives the classes it came from. Pure.

Shape: `{"v": 3, "jobs": [...], "open": {target: [fingerprint]}, "unsure_until_ms": int, "kept": {target: [[delivery,
told_ms, until_ms]]}}`; `kept` is what heartbeats tell, deliveries are JSON in text.
Version 2 had `{"alerts": [fingerprint], "has_forgotten": bool}` for each target in `open`, and no `since_ms` in jobs.
Version 1 had neither `open` nor deadlines; its deliveries get a whole deadline from when they were due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from alerts.delivery_json import Plain
from alerts.delivery_json import from_plain as delivery_from_plain
from alerts.delivery_json import to_plain as delivery_to_plain
from alerts.errors import FormatError
from connectors.job import Job
from connectors.request import Judgement, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from alerts.decision import Delivery
    from connectors.ways import Ways

VERSION = 3


class Saved(NamedTuple):
    """What a snapshot holds."""

    jobs: list[Job]
    opened: dict[str, list[str]]
    """By target: the alerts that may be open there."""
    unsure_until_ms: int
    has_forgotten: bool
    """Whether more may be open, since nobody knows when."""
    kept: dict[str, list[Any]] = {}  # noqa: RUF012 nobody changes it
    """By target: what `Heartbeats.plain` gave."""


def to_plain(jobs: list[Plain], ways: Ways) -> Plain:
    """A lane."""
    return {
        "v": VERSION,
        "jobs": jobs,
        "open": {name: way.all_open() for name, way in ways.by_name.items()},
        "unsure_until_ms": ways.unsure_until_ms,
        "kept": {name: way.beats.plain() for name, way in ways.by_name.items() if way.beats},
    }


def encode(delivery: Delivery) -> str:
    """A delivery as a snapshot holds it: JSON, so that what is in many snapshots is encoded once."""
    return orjson.dumps(delivery_to_plain(delivery)).decode()


def job_to_plain(job: Job, encoded: str) -> Plain:
    """A delivery on its way; `encoded` is the delivery."""
    last = None if job.last is None else {**job.last._asdict(), "judgement": job.last.judgement.value}
    return {**job._asdict(), "delivery": encoded, "last": last}


def from_plain(plain: Mapping[str, Any], deadline_ms: Callable[[Delivery], int]) -> Saved:
    """What `to_plain` was given, in the same order.

    Raises:
        FormatError: A snapshot of another version.
    """
    version = plain.get("v")
    if version == 1:
        jobs = [_job_of_version_1(job, deadline_ms) for job in plain["jobs"]]
        # Nobody noted which incidents were opened.
        return Saved(jobs, {}, 0, bool(jobs))
    if version == 2:
        opened = {name: found["alerts"] for name, found in plain["open"].items()}
        jobs = [_job_of_version_2(job, deadline_ms) for job in plain["jobs"]]
        return Saved(jobs, opened, 0, any(found["has_forgotten"] for found in plain["open"].values()))
    if version != VERSION:
        raise FormatError(f"deliveries of version {version!r} in the snapshot; this Winnow reads 1 to {VERSION}")
    jobs = [_job(job) for job in plain["jobs"]]
    return Saved(jobs, plain["open"], plain["unsure_until_ms"], has_forgotten=False, kept=plain["kept"])


def _job(job: Mapping[str, Any]) -> Job:
    last = job["last"] and Sent(**{**job["last"], "judgement": Judgement(job["last"]["judgement"])})
    return Job(**{**job, "delivery": delivery_from_plain(orjson.loads(job["delivery"])), "last": last})


def _job_of_version_2(plain: Mapping[str, Any], deadline_ms: Callable[[Delivery], int]) -> Job:
    job = _job(plain)
    return job._replace(since_ms=job.deadline_ms - deadline_ms(job.delivery))


def _job_of_version_1(job: Mapping[str, Any], deadline_ms: Callable[[Delivery], int]) -> Job:
    delivery = delivery_from_plain(job["delivery"])
    due_ms: int = job["due_ms"]
    deadline = due_ms + deadline_ms(delivery)
    return Job(delivery, job["tries"], due_ms, deadline, delivery.target, job["tries"], since_ms=due_ms)
