"""What `winnow replay --send` takes for under way: from when the flow took it on, not from when it was accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.decision import Outcome
from alerts.retry import Retry, encode
from connectors.configuration import load
from tests.support.history import decided, keep
from tests.support.moment import now_ms
from tests.support.resending import MINUTE_MS, SETTINGS, World, at, history, outcomes, planned, world
from tests.support.shelf import TOPICS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from alerts.record import Stored

UNDER_WAY = {"under way in the flow": 1}
RATED = SETTINGS.replace("allow_private: true}}", "allow_private: true, rate: 20}}", 1)
WITH_FALLBACK = SETTINGS.replace("allow_private: true}}", "allow_private: true, fallback: other}}", 1)


def decided_late(made: World, records: Sequence[Stored], minutes_ago: int) -> None:
    """The flow was behind, and decided all of this then."""
    keep(made.shelf, records)
    for message in decided(load(needs_sources=False), records):
        made.shelf.put(message.topic, [message.value], now_ms() - minutes_ago * MINUTE_MS, message.partition or 0)


def test_backlog_that_the_flow_read_late_is_left_to_it(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        decided_late(made, [at(200, "web")], minutes_ago=1)
        assert (made.send()[1]["left_out"], made.told) == (UNDER_WAY, [])


def test_backlog_that_ended_or_waited_for_longer_than_the_deadline_goes(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        decided_late(made, [at(200, "web")], minutes_ago=80)
        ended = [at(190, "db")]
        decided_late(made, ended, minutes_ago=1)
        for message in outcomes({"db": Outcome.DEAD_LETTERED}, ended):
            made.shelf.put(message.topic, [message.value], partition=message.partition or 0)
        assert made.send()[1]["left_out"] == {}
        assert sorted(made.states()) == [("db", "firing"), ("web", "firing")]


def test_what_was_decided_anew_after_a_crash_is_left_to_the_flow_again(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        records = [at(200, "web")]
        history(made, records, web=Outcome.DEAD_LETTERED)
        decided_late(made, records, minutes_ago=1)
        assert (made.send()[1]["left_out"], made.told) == (UNDER_WAY, [])


def test_fallback_has_a_deadline_of_its_own(tmp_path: Path) -> None:
    with world(tmp_path, WITH_FALLBACK) as made:
        decided_late(made, [at(300, "web")], minutes_ago=100)
        decided_late(made, [at(290, "db")], minutes_ago=140)
        assert (made.send()[1]["left_out"], made.states()) == (UNDER_WAY, [("db", "firing")])


def test_what_a_rate_holds_back_is_under_way_until_it_ends_unless_that_is_asked(tmp_path: Path) -> None:
    with world(tmp_path, RATED) as made:
        history(made, [at(600, "web")])
        result = made.shelf.winnow("replay", "--since", "1d", "--send", "--target", "oncall", "--yes")
        assert "--even-waiting sends" in result.stdout
        assert (made.send()[1]["left_out"], made.told) == (UNDER_WAY, [])
        assert made.send("--yes", "--even-waiting")[1]["delivered"] == 1


def test_deadline_of_the_flow_counts_and_not_that_of_the_candidate(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(40, "web")])
        other = tmp_path / "candidate.yaml"
        short = "publish: {deadline: {critical: 1m, others: 1m}}\n"
        other.write_text(SETTINGS.format(url=made.inbox.url).replace("publish: {backoff: 1ms}\n", short))
        assert made.send("--yes", "--config", str(other))[1]["left_out"] == UNDER_WAY


@pytest.mark.parametrize("until", [(), ("--until", "2h")])
def test_dead_letter_whose_retry_the_flow_has_not_read_is_left_to_it(tmp_path: Path, until: tuple[str, ...]) -> None:
    with world(tmp_path) as made:
        records = [at(200, "web"), at(190, "db")]
        history(made, records, web=Outcome.DEAD_LETTERED, db=Outcome.DEAD_LETTERED)
        letter = next(one for one in planned(records) if one.alert.labels["team"] == "web")
        retried = encode(Retry("winnow.dead-letters/0/0", None, letter))
        made.shelf.put(TOPICS.webhooks, [retried], partition=records[0].partition)
        assert (made.send("--yes", *until)[1]["left_out"], made.states()) == (UNDER_WAY, [("db", "firing")])


def test_retry_of_which_the_flow_has_told_and_that_has_ended_holds_nothing_back(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        records = [at(200, "web")]
        history(made, records, web=Outcome.DEAD_LETTERED)
        (letter,) = planned(records)
        retry = Retry("winnow.dead-letters/0/0", None, letter)
        made.shelf.put(TOPICS.webhooks, [encode(retry)], partition=records[0].partition)
        made.recalled(retry)
        assert made.send()[1]["left_out"] == UNDER_WAY
        keep(made.shelf, [], outcomes({"web": Outcome.DEAD_LETTERED}, records))
        assert made.send()[1]["delivered"] == 1
