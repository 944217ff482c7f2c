"""What `winnow replay --send` leaves out, for it was told, or is being told, in another way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.config import Config, Kafka
from alerts.decision import Outcome
from alerts.instant import rfc3339
from alerts.record import Stored
from alerts.retry import Retry
from connectors.configuration import load
from tests.support.events import target
from tests.support.history import decided, keep
from tests.support.moment import now_ms
from tests.support.resending import MINUTE_MS, SETTINGS, at, history, outcomes, planned, world
from tests.support.shelf import PARTITIONS
from winnow._alert_file import EVERYTHING
from winnow._choice import Wishes
from winnow._on_record import Recent
from winnow._recorded import Recorded
from winnow._resend import Resend

if TYPE_CHECKING:
    from pathlib import Path


def test_what_may_be_under_way_in_the_flow_is_left_to_it(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(200, "lost"), at(10, "web")])
        keep(made.shelf, [at(5, "db")])  # not decided yet
        code, said = made.send()
        assert (code, said["left_out"], made.states()) == (0, {"under way in the flow": 2}, [("lost", "firing")])


def test_young_alert_that_is_decided_later_than_what_came_after_it_is_left_to_the_flow(tmp_path: Path) -> None:
    partition = at(10, "web").partition
    lost, waits, then, *_ = (team for team in "abcdefghijklmnopqrstuvw" if at(20, team).partition == partition)
    with world(tmp_path) as made:
        keep(made.shelf, [at(200, lost), at(20, waits)])
        history(made, [at(150, then)], **{then: Outcome.DELIVERED})
        history(made, [at(10, "web")], web=Outcome.DELIVERED)
        code, said = made.send()
        assert (code, said["left_out"]) == (0, {"delivered already": 2, "under way in the flow": 1})
        assert made.states() == [(lost, "firing")]


def test_what_only_its_fallback_was_told_goes(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(200, "web")], web=Outcome.DELIVERED_TO_FALLBACK)
        assert made.send()[1]["delivered"] == 1


def test_firing_does_not_come_after_its_resolve(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        records = [at(200, "web"), at(190, "web", "resolved")]
        history(made, records)
        keep(made.shelf, [], list(outcomes({"web": Outcome.DELIVERED}, records))[1:])
        code, said = made.send()
        assert (code, said["left_out"], made.told) == (0, {"delivered already": 1, "superseded": 1}, [])
        assert made.send("--yes", "--even-superseded")[1]["delivered"] == 1


def test_other_window_tells_nothing_twice_and_keeps_the_ids_of_then(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        records = [at(200, "web"), at(190, "db")]
        history(made, records, web=Outcome.DELIVERED, db=Outcome.DEAD_LETTERED)
        other = tmp_path / "candidate.yaml"
        other.write_text(SETTINGS.format(url=made.inbox.url).replace("30m", "7m"))
        code, said = made.send("--yes", "--config", str(other))
        assert (code, said["delivered"], said["left_out"]) == (0, 1, {"delivered already": 1})
        ids = [one.id for one in planned(records) if one.alert.labels["team"] == "db"]
        assert [one.headers["webhook-id"] for one in made.told] == ids


def test_what_was_told_under_ids_of_another_kind_is_known(tmp_path: Path) -> None:
    """Ids were a hash of 32 hex digits before they began with the fingerprint."""
    with world(tmp_path) as made:
        records = [at(200, "web"), at(190, "db"), at(180, "lost")]
        ends = {"web": Outcome.DELIVERED, "db": Outcome.MERGED}
        written = [*decided(load(needs_sources=False), records), *outcomes(ends, records)]
        for number, one in enumerate(planned(records)):
            then = f"{number:032x}".encode()
            written = [told._replace(value=told.value.replace(one.id.encode(), then)) for told in written]
        keep(made.shelf, records, written)
        code, said = made.send()
        assert (code, said["left_out"]) == (0, {"delivered already": 1, "superseded": 1})
        assert [one.headers["webhook-id"] for one in made.told] == [f"{2:032x}"]


def test_resolve_that_the_flow_did_not_need_goes_with_its_firing(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        records = [at(200, "web"), at(190, "web", "resolved")]
        history(made, records)
        refused = list(outcomes({"web": Outcome.DEAD_LETTERED}, records))[:1]
        keep(made.shelf, [], [*refused, *list(outcomes({"web": Outcome.NOT_NEEDED}, records))[1:]])
        assert made.send()[1]["left_out"] == {}
        assert made.states() == [("web", "firing"), ("web", "resolved")]


@pytest.mark.parametrize("end", [Outcome.DEAD_LETTERED, Outcome.NOT_NEEDED])
def test_nothing_is_opened_that_was_resolved_after_the_range_unless_that_is_asked(tmp_path: Path, end: Outcome) -> None:
    with world(tmp_path) as made:
        records = [at(200, "web"), at(195, "db"), at(150, "web", "resolved")]
        history(made, records, web=end, db=Outcome.DEAD_LETTERED)
        keep(made.shelf, [], list(outcomes({"web": Outcome.DEAD_LETTERED}, records))[:1])
        until = rfc3339(now_ms() - 160 * MINUTE_MS)
        code, said = made.send("--yes", "--until", until)
        assert (code, said["left_out"], made.states()) == (0, {"resolved after the range": 1}, [("db", "firing")])
        assert made.send("--yes", "--until", until, "--even-ended")[1]["delivered"] == 1


def test_what_was_told_after_the_range_supersedes_what_is_in_it(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        records = [at(200, "web"), at(195, "db"), at(150, "web", "resolved")]
        history(made, records)
        keep(made.shelf, [], list(outcomes({"web": Outcome.DELIVERED}, records))[1:])
        until = rfc3339(now_ms() - 160 * MINUTE_MS)
        code, said = made.send("--yes", "--until", until)
        assert (code, said["left_out"], made.states()) == (0, {"superseded": 1}, [("db", "firing")])


def test_what_is_under_way_after_the_range_holds_back_what_is_in_it(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(200, "web"), at(195, "db"), at(10, "web", "resolved")])
        code, said = made.send("--yes", "--until", rfc3339(now_ms() - 160 * MINUTE_MS))
        assert (code, said["left_out"], made.states()) == (0, {"under way in the flow": 1}, [("db", "firing")])


def test_dead_letter_that_is_on_its_way_back_is_left_to_the_flow(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        records = [at(200, "web")]
        history(made, records, web=Outcome.DEAD_LETTERED)
        (letter,) = planned(records)
        made.recalled(Retry("winnow.dead-letters/0/0", None, letter))
        code, said = made.send()
        assert (code, said["left_out"], made.told) == (0, {"under way in the flow": 1}, [])


def test_sender_that_waited_then_is_told_nothing_now() -> None:
    config = Config(kafka=Kafka(partitions=PARTITIONS), targets=[target()])
    records = [at(200, "web")]
    (told,) = planned(records, config)
    envelope = told.alert.envelope._replace(reply="0/0123456789abcdef")
    made = Resend(config.targets[0], EVERYTHING, Recent(now_ms(), now_ms()), PARTITIONS, Wishes())
    recorded = Recorded(EVERYTHING)
    for message in decided(config, records):
        recorded.read(message.value, message.partition or 0)
        made.heard(Stored(message.partition or 0, 0, now_ms() - 1, message.value))
    made.begin(recorded)
    made.planned(told._replace(alert=told.alert._replace(envelope=envelope)))
    made.end()
    assert made.plan().going == [told._replace(replayed=True)]
