"""A lane's part of a snapshot: plain data, so that it outlives the classes it came from. Pure.

Shape: `{"v": 4, "jobs": [JSON], "open": {target: [fingerprint]}, "unsure_until_ms": int, "alive": {target: [[JSON,
told_ms, until_ms]]}}`, where `alive` has what heartbeats tell: the delivery, when it was told last and until when it is
told. What waits long is in many snapshots: it is encoded once, and pickling texts is cheap.
Version 3 had `[{"encoded": JSON, "until_ms"}]` as `alive`, and jobs that said of themselves to be no heartbeats.
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
    from collections.abc import Mapping

    from connectors.ways import Ways

VERSION = 4


class Saved(NamedTuple):
    """What a snapshot holds."""

    jobs: list[Job]
    opened: dict[str, list[str]]
    """By target: the alerts that may be open there."""
    unsure_until_ms: int
    alive: dict[str, list[list[str | int | None]]]
    """By target, as `Heartbeats` has it."""


def to_plain(jobs: list[str], ways: Ways) -> Plain:
    """A lane."""
    return {
        "v": VERSION,
        "jobs": jobs,
        "open": {name: way.all_open() for name, way in ways.by_name.items()},
        "unsure_until_ms": ways.unsure_until_ms,
        "alive": {name: way.beats.plain() for name, way in ways.by_name.items() if way.beats},
    }


def encode_job(job: Job) -> str:
    """A delivery on its way as JSON."""
    last = None if job.last is None else {**job.last._asdict(), "judgement": job.last.judgement.value}
    return orjson.dumps({**job._asdict(), "delivery": delivery_to_plain(job.delivery), "last": last}).decode()


def from_plain(plain: Mapping[str, Any]) -> Saved:
    """What `to_plain` was given, in the same order.

    Raises:
        FormatError: A snapshot of another version.
    """
    if plain.get("v") not in {3, VERSION}:
        raise FormatError(f"deliveries of version {plain.get('v')!r} in the snapshot; Winnow reads 3 and {VERSION}")
    alive = _alive_of_version_3(plain["alive"]) if plain["v"] == 3 else plain["alive"]
    return Saved([_job(orjson.loads(job)) for job in plain["jobs"]], plain["open"], plain["unsure_until_ms"], alive)


def _alive_of_version_3(alive: list[dict[str, Any]]) -> dict[str, list[list[str | int | None]]]:
    """Nobody noted when it was told last: it is told soon."""
    told: dict[str, list[list[str | int | None]]] = {}
    for one in alive:
        told.setdefault(orjson.loads(one["encoded"])["target"], []).append([one["encoded"], 0, one["until_ms"]])
    return told


def _job(job: Mapping[str, Any]) -> Job:
    last = job["last"] and Sent(**{**job["last"], "judgement": Judgement(job["last"]["judgement"])})
    fields = {name: value for name, value in job.items() if name != "is_heartbeat"}
    return Job(**{**fields, "delivery": delivery_from_plain(job["delivery"]), "last": last})
