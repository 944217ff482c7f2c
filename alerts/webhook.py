"""What a format reads out of a request body."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from alerts.fingerprint import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from alerts.alert import Status


NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Received(NamedTuple):
    """One request as it came, for a format to read."""

    body: bytes
    accepted_ms: int
    """When it came: what a sender that gives no time means by now. Milliseconds since the epoch."""
    headers: Mapping[str, str] = NO_HEADERS
    """Names in lower case."""
    resolve_timeout_ms: int = 300_000
    """How long an alert lasts whose sender repeats it and gives no end (`resolve.timeout`)."""
    json_depth: int = 1000
    """How deep lists and objects may lie in each other; by default as deep as anything can be read."""


class Submission(NamedTuple):
    """One alert of a webhook, validated."""

    position: int
    """Its place in the webhook, from 0."""
    labels: dict[str, str]
    status: Status
    starts_at: str
    """RFC 3339, as sent."""
    ends_at: str | None
    """RFC 3339, as sent; None while there is no end. Of a firing one: it is over then, unless it is said again."""
    fingerprint: str
    """As the sender gave it; empty when it gave none."""
    line: bytes
    """The alert as it came, as compact JSON."""
    identity: str = ""
    """Who it is, if its format knows better than its labels: 16 hex digits."""

    @property
    def owner(self) -> str:
        """Who owns it: 16 hex digits."""
        return self.identity or identity(self.labels, self.fingerprint)


# Of all its fields in order, at half of the price of naming the class: every alert of every request is made so.
submission_of: Callable[[tuple[int, dict[str, str], Status, str, str | None, str, bytes, str]], Submission] = partial(
    tuple.__new__, Submission
)


class Fault(NamedTuple):
    """One thing that is wrong with a body."""

    field: str
    """Where: `alerts[2].labels.alertname`; empty: the body as a whole."""
    error: str
    """What was expected and what came."""

    def __str__(self) -> str:
        return f"{self.field}: {self.error}" if self.field else self.error


class Rejected(NamedTuple):
    """One alert of a webhook that cannot be used."""

    position: int
    faults: tuple[Fault, ...]
    line: bytes
    """The alert as it came, as compact JSON."""


class Webhook(NamedTuple):
    """One request body, read."""

    receiver: str
    group_key: str
    submissions: list[Submission]
    rejected: list[Rejected]
    own: tuple[Submission, ...] = ()
    """What Winnow itself has to say of it, as alerts that go the same way and count as none that were sent."""
    ignored: int = 0
    """Entries that are no alerts, as winnow.yaml says."""
    note: str = ""
    """What to answer when there is nothing to store, and why; holds no secret."""
    todo: str = ""
    """What an operator has to do before its sender sends anything; holds no secret."""
    confirm_url: str = ""
    """What its sender wants visited before it sends anything; holds a secret."""


class Content(NamedTuple):
    """What a record's line holds beside what its header says."""

    labels: dict[str, str]
    annotations: dict[str, str]
    generator_url: str


# As `alerts.alert.arrival_of`.
content_made: Callable[[tuple[dict[str, str], dict[str, str], str]], Content] = partial(tuple.__new__, Content)
