"""`winnow replay --send` on a broker in memory: who is told of what once more, and what is said of it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from alerts.decision import Outcome
from alerts.errors import WinnowError
from tests.support.resending import SETTINGS, at, history, planned, world

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.arrival import Arrival


def test_after_an_outage_goes_what_was_not_delivered_in_order_and_under_its_own_ids(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        records = [at(200, "web"), at(199, "db"), at(190, "web", "resolved"), at(180, "web")]
        history(made, records, web=Outcome.DEAD_LETTERED, db=Outcome.DELIVERED)
        code, said = made.send()
        assert (code, said["delivered"], said["left_out"]) == (0, 3, {"delivered already": 1})
        assert said["going"] | {"first_at": "", "last_at": ""} == {
            "firing": 2, "resolved": 1, "resolved_later": 1, "first_at": "", "last_at": "",
        }  # fmt: skip
        assert made.states() == [("web", "firing"), ("web", "resolved"), ("web", "firing")]
        ids = [one.id for one in planned(records) if one.alert.labels["team"] == "web"]
        assert [one.headers["webhook-id"] for one in made.told] == ids
        assert {one.headers["winnow-replayed"] for one in made.told} == {"true"}
        assert {one.path for one in made.told} == {"/oncall"}


def test_the_same_command_again_sends_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(200, "web"), at(190, "web", "resolved")], web=Outcome.DEAD_LETTERED)
        assert made.send()[1]["delivered"] == 2
        code, said = made.send()
        assert (code, said["delivered"], said["left_out"]) == (0, 0, {"delivered already": 2})
        assert len(made.told) == 2


def test_what_was_delivered_goes_once_more_if_that_is_asked(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(200, "web"), at(190, "web", "resolved")], web=Outcome.DELIVERED)
        assert made.send("--yes", "--even-delivered")[1]["delivered"] == 2
        assert made.states() == [("web", "firing"), ("web", "resolved")]


def test_new_target_of_another_configuration_is_told_all_of_the_range(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(200, "web"), at(190, "web", "resolved"), at(30, "db")], web=Outcome.DELIVERED)
        other = tmp_path / "candidate.yaml"
        lines = SETTINGS.format(url=made.inbox.url).replace("name: other", "name: archive")
        other.write_text(lines + "routes: [{to: [archive]}]\n")
        result = made.shelf.winnow(
            "replay", "--since", "1d", "--config", str(other), "--send", "--target", "archive", "--yes"
        )
        assert (result.exit_code, len(made.told)) == (0, 3)
        assert {one.path for one in made.told} == {"/other"}


def test_of_each_alert_goes_only_the_latest_if_that_is_asked(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(200, "web"), at(195, "db"), at(190, "web", "resolved")])
        code, said = made.send("--yes", "--latest")
        assert (code, said["left_out"]) == (0, {"over by the end of the range": 1})
        assert sorted(made.states()) == [("db", "firing"), ("web", "resolved")]
        assert sorted(
            (one.body["status"], one.body["untold_firing"]) for one in made.told if isinstance(one.body, dict)
        ) == [("firing", False), ("resolved", True)]


def test_given_up_is_told_with_the_reason_recorded_and_a_dead_letter(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(200, "web")], web=Outcome.DEAD_LETTERED)
        made.inbox._status = 400
        code, said = made.send()
        assert (code, said["given_up"]) == (1, {"answered 400": 1})
        made.inbox._status = None
        told = made.shelf.winnow("dead-letters", "ls", "-o", "json").stdout
        assert [(one["target"], one["error"]) for one in json.loads(told)] == [("oncall", "answered 400")]
        assert made.send()[1]["delivered"] == 1


def test_target_hears_no_more_a_second_than_its_rate_allows(tmp_path: Path) -> None:
    settings = SETTINGS.replace("allow_private: true}}", "allow_private: true, rate: 20, burst: 2}}", 1)
    with world(tmp_path, settings) as made:
        teams = [chr(97 + number) for number in range(12)]
        records = [at(200 - number, team) for number, team in enumerate(teams)]
        history(made, records, **dict.fromkeys(teams, Outcome.DEAD_LETTERED))
        began_s = time.monotonic()
        assert made.send()[1]["delivered"] == 12
        assert time.monotonic() - began_s >= (12 - 2) / 20


def test_what_fails_for_a_while_is_tried_again_by_the_same_id_and_before_what_follows(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        records = [at(200, "web"), at(190, "web", "resolved")]
        history(made, records)
        made.inbox._status = 503

        def recover(arrival: Arrival, _: int) -> None:
            made.told.append(arrival)
            made.inbox._status = None if len(made.told) > 1 else 503

        made.inbox._show = recover
        assert made.send()[1]["delivered"] == 2
        assert made.states() == [("web", "firing")] * 3 + [("web", "resolved")]
        assert len({one.headers["webhook-id"] for one in made.told}) == 2


def test_explain_tells_of_the_replay(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        records = [at(200, "web")]
        history(made, records, web=Outcome.DEAD_LETTERED)
        made.send()
        told = made.shelf.winnow("explain", planned(records)[0].alert.fingerprint).stdout
    said = [" ".join(line.split()) for line in told.splitlines() if "oncall: " in line]
    assert "oncall: dead-lettered" in said[0]
    assert "oncall: replayed at " in said[1]
    assert "delivered" in said[1]


def test_without_anybody_to_ask_it_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with world(tmp_path) as made, pytest.raises(WinnowError, match="--yes sends without asking"):
        made.shelf.winnow("replay", "--since", "1d", "--send", "--target", "oncall")


def test_dry_run_says_what_would_go_and_sends_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(200, "web"), at(190, "web", "resolved")])
        result = made.shelf.winnow("replay", "--since", "1d", "--send", "--target", "oncall", "--dry-run")
        assert (result.exit_code, made.told) == (0, [])
        said = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert said[1:5] == ["would go 2", "firing 1", "of which are resolved by another of these 1", "resolved 1"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--send", "--yes"), "--target says to whom; targets: oncall, other, off"),
        (("--send", "--yes", "--target", "onCall"), "no target is named 'onCall'; did you mean 'oncall'"),
        (("--send", "--yes", "--target", "off"), "off is disabled"),
        (("--send", "--yes", "--target", "oncall", "--diff"), "--send: not together with --diff"),
        (("--target", "oncall"), "they go with --send"),
    ],
)
def test_option_that_makes_no_sense_is_refused_by_name(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    with world(tmp_path) as made, pytest.raises(WinnowError, match=says):
        made.shelf.winnow("replay", "--since", "1d", *arguments)
