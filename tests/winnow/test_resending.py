"""What `winnow replay --send` says of a target before it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.decision import Outcome
from alerts.instant import rfc3339
from connectors.job import Ended
from flows.trail import Trail
from tests.support.moment import now_ms
from tests.support.resending import World, at, history, planned, world
from tests.support.shelf import PARTITIONS, TOPICS

if TYPE_CHECKING:
    from pathlib import Path

REFUSED = "oncall: connection refused"


def ended(made: World, minutes_ago: int, team: str, outcome: Outcome, error: str, ended_ms: int) -> None:
    records = [at(minutes_ago, team)]
    history(made, records)
    (delivery,) = planned(records)
    end = Ended(delivery, outcome, 1, None, error, ended_ms)
    for _, message in Trail(TOPICS, PARTITIONS, "c").of_ended([end]):
        made.shelf.put(message.topic, [message.value], partition=message.partition or 0)


def would_go(made: World) -> str:
    return made.shelf.winnow("replay", "--since", "1d", "--send", "--target", "oncall", "--dry-run").stdout


def test_target_that_took_nothing_lately_is_told_of_with_what_it_answered(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        ended(made, 300, "web", Outcome.DELIVERED, "", now_ms() - 2000)
        ended(made, 200, "db", Outcome.DEAD_LETTERED, REFUSED, now_ms() - 1000)
        assert f"the newest delivery to it failed at {rfc3339(now_ms() - 1000)}: {REFUSED}" in would_go(made)


def test_target_that_took_something_since_is_not_called_dead(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        ended(made, 300, "web", Outcome.DELIVERED, "", now_ms() - 1000)
        ended(made, 200, "db", Outcome.DEAD_LETTERED, REFUSED, now_ms() - 2000)
        told = would_go(made)
        assert " 1\n" in told.partition("would go")[2]
        assert "failed" not in told
