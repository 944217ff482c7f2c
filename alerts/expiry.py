"""An alert that is over because its sender fell silent, as it lies in the webhooks topic: a resolve like any other.

Only `expired_ms` in the header says that nobody sent it, and which end had passed: dedup drops it if the alert was
renewed meanwhile.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

from alerts.alert import Envelope, Status
from alerts.errors import FormatError
from alerts.record import decode, encode


class Due(NamedTuple):
    """A firing alert whose end has passed, and where it was last said to fire."""

    partition: int
    offset: int
    fingerprint: str
    ends_ms: int
    """The end that has passed, in full seconds: milliseconds since the epoch."""


def expiry(value: bytes | None, due: Due) -> bytes:
    """The record that ends the alert, made of the one that last said that it fires.

    It is the same, id and all, however often it is made.

    Args:
        value: Of that record; None if it is not there.
        due: The alert.

    Raises:
        FormatError: That record does not say that the alert fires.
    """
    arrivals = [] if value is None else decode(value, 0)
    firing = [one for one in arrivals if one.fingerprint == due.fingerprint and one.status is Status.FIRING]
    if not firing:
        raise FormatError("the record holds no such alert")
    arrival = firing[-1]
    told = arrival.envelope
    id_ = blake2b(f"expiry/{due.fingerprint}/{due.ends_ms}".encode(), digest_size=16).hexdigest()
    envelope = Envelope(id_, told.format, told.source, told.receiver, told.group_key, 0, expired_ms=due.ends_ms)
    row = (0, due.fingerprint, Status.RESOLVED.value, arrival.name, arrival.starts_at, arrival.ends_at)
    return encode(envelope, [(row, arrival.line)])
