"""A lane as a keyed step: what holds it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.alert import Status
from alerts.config import Publish
from connectors.request import Judgement, Sent
from flows.plumbing.background import Background, Wake
from flows.plumbing.lanes import LaneLogic, Shared
from tests.support.events import delivery

if TYPE_CHECKING:
    from alerts.decision import Delivery

FIRING = delivery(1, id="a" * 32)
RESOLVED = FIRING._replace(id="b" * 32, transition="resolved", alert=FIRING.alert._replace(status=Status.RESOLVED))


async def _take(_: Delivery) -> Sent:
    return Sent(Judgement.DELIVERED, 200, "")


def test_nothing_is_sent_while_older_records_are_still_being_read_and_then_the_latest_only() -> None:
    behind = [True]
    wake = Wake()
    background = Background(wake)
    lane = LaneLogic(_take, background, Publish(), None, Shared(is_behind=lambda: behind[0]))
    lane.on_batch([FIRING])
    ended, _ = lane.on_batch([RESOLVED])
    assert background.is_idle()
    assert [(one.delivery.id, one.outcome.value) for one in ended] == [(FIRING.id, "merged")]
    behind[0] = False
    lane.on_notify()
    wake.wait(10)
    ended, _ = lane.on_notify()
    assert [(one.delivery.id, one.outcome.value) for one in ended] == [(RESOLVED.id, "delivered")]
