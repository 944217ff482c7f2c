"""An alert event as it moves through the flow."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Status(StrEnum):
    """The two states a sender reports."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Envelope(NamedTuple):
    """What all alerts of one record share."""

    id: str
    """The ingest id: one webhook, 32 hex digits."""
    format: str
    """Name of the module in `alerts/formats/` that reads the lines."""
    source: str
    """Which configured sender it came from."""
    receiver: str
    group_key: str
    accepted_ms: int
    """When the gateway accepted it: milliseconds since the epoch, the Kafka record's timestamp."""
    expired_ms: int = 0
    """Nobody sent it: its sender fell silent, and this is the end that passed (`alerts.expiry`); 0 if it was sent."""
    reply: str = ""
    """Where its sender waits for what becomes of it, as `alerts.reply` reads it; empty: nobody waits."""
    traceparent: str = ""
    """The W3C trace context its sender gave; empty: none."""

    def plain(self) -> dict[str, object]:
        """Its fields by name; those that came later only if they are set, so that an older Winnow reads it too."""
        plain = self._asdict()
        for name in _LATER_FIELDS:
            if not plain[name]:
                del plain[name]
        return plain


_LATER_FIELDS = tuple(Envelope._field_defaults)


class Arrival(NamedTuple):
    """What a record's header says of one alert event: all that dedup needs."""

    id: str
    """Input id: `<ingest id>-<position in the webhook>`."""
    fingerprint: str
    """Identity, 16 hex digits: see `alerts.fingerprint.identity`."""
    status: Status
    name: str
    starts_at: str
    """RFC 3339, as sent."""
    ends_at: str | None
    """RFC 3339, as sent; None while there is no end. Of a firing one: it is over then, unless it is said again."""
    envelope: Envelope
    line: bytes
    """The alert as it came: compact JSON of the sender's own format."""


class Alert(NamedTuple):
    """One alert event, decoded."""

    id: str
    fingerprint: str
    status: Status
    name: str
    starts_at: str
    ends_at: str | None
    """None while it fires."""
    envelope: Envelope
    labels: dict[str, str]
    annotations: dict[str, str]
    generator_url: str
    """Where the rule can be seen; empty when the sender gave none."""


# Of all their fields in order, at half of the price of naming the class: every alert of every record is made so.
arrival_of: Callable[[tuple[str, str, Status, str, str, str | None, Envelope, bytes]], Arrival] = partial(
    tuple.__new__, Arrival
)
alert_of: Callable[
    [tuple[str, str, Status, str, str, str | None, Envelope, dict[str, str], dict[str, str], str]], Alert
] = partial(tuple.__new__, Alert)
