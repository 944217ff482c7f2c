"""A record of the webhooks topic without what others may not read: equal values stay equal.

Of an alert remain its alertname, severity, status and times, and the names of its labels and annotations. It becomes
one of Alertmanager's format, whatever its sender's was.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import orjson

from alerts.alert import Envelope
from alerts.errors import FormatError
from alerts.record import decode, encode, open_alert

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.alert import Arrival
    from alerts.record import Row

KEPT = frozenset({"alertname", "severity"})
"""Labels whose values stay."""


class Scrub:
    """Replaces values by hashes of them under a key, so that whoever lacks the key cannot try out what they were."""

    def __init__(self, key: bytes, keep: Iterable[str] = ()) -> None:
        """`keep` names more labels whose values stay."""
        self._key = key
        self._kept = KEPT.union(keep)

    def __call__(self, value: bytes) -> bytes:
        """The record, scrubbed.

        Raises:
            FormatError: It cannot be read, so nobody knows what is in it.
        """
        arrivals = decode(value, 0)
        if not arrivals:
            raise FormatError("it holds no alert")
        envelope = arrivals[0].envelope
        source, receiver, group_key = map(self._text, (envelope.source, envelope.receiver, envelope.group_key))
        told = Envelope(envelope.id, "alertmanager", source, receiver, group_key, 0, expired_ms=envelope.expired_ms)
        return encode(told, [(self._row(one), self._line(one)) for one in arrivals])

    def _row(self, arrival: Arrival) -> Row:
        position = int(arrival.id.rpartition("-")[2])
        identity = self._hash(arrival.fingerprint, 8)
        return position, identity, arrival.status.value, arrival.name, arrival.starts_at, arrival.ends_at

    def _line(self, arrival: Arrival) -> bytes:
        alert = open_alert(arrival)
        labels = {name: text if name in self._kept else self._text(text) for name, text in alert.labels.items()}
        told = {
            "status": alert.status.value,
            "labels": labels,
            "annotations": {name: self._text(text) for name, text in alert.annotations.items()},
            "startsAt": arrival.starts_at,
        }
        return orjson.dumps(told if arrival.ends_at is None else {**told, "endsAt": arrival.ends_at})

    def _text(self, text: str) -> str:
        return text and f"x{self._hash(text, 6)}"

    def _hash(self, text: str, size: int) -> str:
        return blake2b(text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=size).hexdigest()
