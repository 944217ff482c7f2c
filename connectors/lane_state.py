"""A lane's part of a snapshot: plain data, so that it outlives the classes it came from. Pure.

Shape: `{"v": 5, "jobs": [bytes], "open": {target: [fingerprint]}, "unsure_until_ms": int, "alive": {target:
{"deliveries": [bytes], "told": bytes}}}`. Jobs and deliveries are pages of JSON (`connectors/pages.py`); `told` is JSON
too, by fingerprint `[told_ms, until_ms]`: when heartbeats told it last and until when they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from alerts.delivery_json import Plain
from alerts.delivery_json import from_plain as delivery_from_plain
from alerts.delivery_json import to_plain as delivery_to_plain
from alerts.errors import FormatError
from connectors.job import Job, Turned
from connectors.pages import unpack
from connectors.request import Judgement, Sent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.ways import Ways

VERSION = 5


class Saved(NamedTuple):
    """What a snapshot holds."""

    jobs: list[Job]
    opened: dict[str, list[str]]
    """By target: the alerts that may be open there."""
    unsure_until_ms: int
    alive: dict[str, Plain]
    """By target, as `Heartbeats` has it."""


def to_plain(jobs: list[bytes], ways: Ways) -> Plain:
    """A lane."""
    return {
        "v": VERSION,
        "jobs": jobs,
        "open": {name: way.all_open() for name, way in ways.items()},
        "unsure_until_ms": ways.unsure_until_ms,
        "alive": {name: way.beats.plain() for name, way in ways.items() if way.beats},
    }


def encode_job(job: Job) -> str:
    """A delivery on its way as JSON, field by field: `_asdict` takes three times as long."""
    last = job.last
    plain: Plain = {
        "delivery": delivery_to_plain(job.delivery),
        "tries": job.tries,
        "due_ms": job.due_ms,
        "deadline_ms": job.deadline_ms,
        "to": job.to,
        "failures": job.failures,
        "last": None if last is None else {**last._asdict(), "judgement": last.judgement.value},
        "refusal": job.refusal,
        "since_ms": job.since_ms,
        "is_repeat": job.is_repeat,
        "may_repeat": job.may_repeat,
        "sending_ms": job.sending_ms,
        "turned": job.turned and tuple(job.turned),
        "is_alone": job.is_alone,
    }
    return orjson.dumps(plain).decode()


def from_plain(plain: Mapping[str, Any]) -> Saved:
    """What `to_plain` was given, in the same order.

    Raises:
        FormatError: A snapshot of another version.
    """
    if plain.get("v") != VERSION:
        raise FormatError(f"deliveries of version {plain.get('v')!r} in the snapshot; this Winnow reads {VERSION}")
    jobs = [_job(orjson.loads(text)) for text in unpack(plain["jobs"])]
    return Saved(jobs, plain["open"], plain["unsure_until_ms"], plain["alive"])


def _job(job: Mapping[str, Any]) -> Job:
    last = job["last"] and Sent(**{**job["last"], "judgement": Judgement(job["last"]["judgement"])})
    turned = job.get("turned") and Turned(*job["turned"])
    return Job(**{**job, "delivery": delivery_from_plain(job["delivery"]), "last": last, "turned": turned})
