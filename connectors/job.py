"""One delivery on its way, and how it ended. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alerts.alert import Status

if TYPE_CHECKING:
    from alerts.decision import Delivery, Outcome
    from connectors.request import Sent


class Job(NamedTuple):
    """One delivery on its way."""

    delivery: Delivery
    tries: int
    """How often it was sent so far."""
    due_ms: int
    deadline_ms: int
    to: str
    """The target it is sent to: its own, or that target's fallback."""
    failures: int = 0
    """Tries in a row that failed, those of what it replaced among them: the pause grows with them."""
    last: Sent | None = None
    """What became of its last try."""
    refusal: str = ""
    """Why its own target was not told, if it is sent to the fallback in its place."""
    may_repeat: bool = False
    """Whether a process before this one may have sent it already, under the same id."""
    is_heartbeat: bool = False
    """Whether it only says again what its target was told: no delivery of its own."""

    @property
    def outgoing(self) -> Delivery:
        """The delivery as it is sent: under the same id, to whom it goes."""
        return self.delivery if self.to == self.delivery.target else self.delivery._replace(target=self.to)

    @property
    def is_firing(self) -> bool:
        """Whether it tells that something began."""
        return self.delivery.alert.status is Status.FIRING


class Ended(NamedTuple):
    """A delivery that will not be tried again."""

    delivery: Delivery
    outcome: Outcome
    tries: int
    status: int | None
    error: str
    ended_ms: int
    may_repeat: bool = False
    """As of its `Job`."""


class Alive(NamedTuple):
    """What is said again of one alert."""

    delivery: Delivery
    encoded: str
    """The delivery as a snapshot holds it."""
    until_ms: int | None
    """None: until something newer is told."""
