"""What a model said in the past, out of decisions: whoever judges again what was judged before asks nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.advice import Advice, How
from flows.plumbing.asking import Adviser

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.alert import Alert
    from alerts.decision import Classification
    from flows.governor import Kept
    from flows.plumbing.pending import Pending

_UNRECORDED = Advice("", How.UNRECORDED, None)


class Recorded(Adviser):
    """Advice by input id."""

    def __init__(self, recorded: Mapping[str, Advice], pending: Pending) -> None:
        """`recorded` holds what the decisions say, by the ids of their inputs (`alerts.advice.from_plain`)."""
        self.pending = pending
        self.waiting = 0
        self.recorded = recorded

    @property
    def is_ending(self) -> bool:
        """Nothing waits."""
        return False

    def now_ms(self) -> int:
        """Nothing waits, so it is always the same moment."""
        return 0

    def wait_ms(self, weighed: Classification) -> int:  # noqa: ARG002 nobody waits
        """Nothing waits."""
        return 0

    def advice(self, alert: Alert, owner: str, now_ms: int) -> tuple[str, Advice | None]:  # noqa: ARG002 as asked now
        """What was said then."""
        found = self.recorded.get(alert.id, _UNRECORDED)
        return found.template, found

    def settled(self, template: str, now_ms: int) -> Advice | None:  # noqa: ARG002 nobody waits
        """Nothing waits."""
        return None

    def poll(self) -> None:
        """Nothing is under way."""

    def is_busy(self, owner: str) -> bool:  # noqa: ARG002 nobody is asked
        """Nothing is under way."""
        return False

    def keep(self, owner: str) -> Kept | None:  # noqa: ARG002 it is all in the decisions
        """Nothing: it is all in the decisions."""
        return None

    def restore(self, owner: str, kept: Kept) -> None:
        """Nothing is kept."""
