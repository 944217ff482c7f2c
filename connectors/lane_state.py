"""A lane's part of a snapshot: plain data, so that it outlives the classes it came from. Pure.

Shape: `{"v": 3, "jobs": [JSON], "open": {target: [fingerprint]}, "unsure_until_ms": int, "alive": [...]}`, where
`alive` has `{"encoded": JSON, "is_firing", "until_ms"}` for each alert that is said again. What waits long is in many
snapshots: it is encoded once, and pickling texts is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from alerts.delivery_json import Plain
from alerts.delivery_json import from_plain as delivery_from_plain
from alerts.delivery_json import to_plain as delivery_to_plain
from alerts.errors import FormatError
from connectors.job import Alive, Job
from connectors.request import Judgement, Sent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from alerts.decision import Delivery

VERSION = 3


class Saved(NamedTuple):
    """What a snapshot holds."""

    jobs: list[Job]
    opened: dict[str, list[str]]
    """By target: the alerts that may be open there."""
    unsure_until_ms: int
    alive: list[Alive]


def to_plain(jobs: list[str], opened: Mapping[str, list[str]], unsure_until_ms: int, alive: Iterable[Alive]) -> Plain:
    """A lane."""
    kept = [one._asdict() for one in alive]
    return {"v": VERSION, "jobs": jobs, "open": dict(opened), "unsure_until_ms": unsure_until_ms, "alive": kept}


def encode(delivery: Delivery) -> str:
    """A delivery as JSON."""
    return orjson.dumps(delivery_to_plain(delivery)).decode()


def decode(encoded: str) -> Delivery:
    """The delivery that `encode` was given.

    Raises:
        FormatError: Another version, or not a delivery.
    """
    return delivery_from_plain(orjson.loads(encoded))


def encode_job(job: Job) -> str:
    """A delivery on its way as JSON."""
    last = None if job.last is None else {**job.last._asdict(), "judgement": job.last.judgement.value}
    return orjson.dumps({**job._asdict(), "delivery": delivery_to_plain(job.delivery), "last": last}).decode()


def from_plain(plain: Mapping[str, Any]) -> Saved:
    """What `to_plain` was given, in the same order.

    Raises:
        FormatError: A snapshot of another version.
    """
    if plain.get("v") != VERSION:
        raise FormatError(f"deliveries of version {plain.get('v')!r} in the snapshot; this Winnow reads {VERSION}")
    alive = [Alive(**one) for one in plain["alive"]]
    return Saved([_job(orjson.loads(job)) for job in plain["jobs"]], plain["open"], plain["unsure_until_ms"], alive)


def _job(job: Mapping[str, Any]) -> Job:
    last = job["last"] and Sent(**{**job["last"], "judgement": Judgement(job["last"]["judgement"])})
    return Job(**{**job, "delivery": delivery_from_plain(job["delivery"]), "last": last})
