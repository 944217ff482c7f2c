"""A dead letter goes through the whole flow untouched, in its place among the alerts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from alerts.config import Target
from alerts.record import Stored
from alerts.retry import Retry, encode
from flows.chunk import Chunk
from flows.plumbing.keyed import DedupLogic
from flows.steps.dedup import Dedup
from flows.steps.route import Route
from tests.support.events import NOW_MS, STARTS_AT, arrival, delivery
from tests.support.whole_flow import EndsAtOnce, rows, run, webhook

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.decision import Delivery
    from connectors.job import Ended

ALERT: dict[str, object] = {"status": "firing", "labels": {"alertname": "HighCPU"}, "startsAt": STARTS_AT}
PLACE = "w.dead-letters/0/7"


def letter(offset: int = 0, *, place: str = PLACE, newest_ms: int | None = None, **changes: Any) -> Stored:
    return Stored(1, offset, NOW_MS + 60_000, encode(Retry(place, newest_ms, delivery(1, **changes))))


def test_letter_is_delivered_under_its_own_id_and_acceptance() -> None:
    messages = run([letter()])
    (outcome,) = rows(messages, "outcomes")
    assert (outcome["delivery"], outcome["outcome"]) == (delivery(1).id, "delivered")
    assert (outcome["input"], outcome["accepted_ms"]) == (delivery(1).alert.id, NOW_MS)
    (retry,) = rows(messages, "retries")
    assert (retry["letter"], retry["delivery"], retry["retry"]["outcome"]) == (PLACE, delivery(1).id, "retried")
    assert (retry["name"], retry["status"]) == (delivery(1).alert.name, "firing")
    assert rows(messages, "decisions") == []


def test_same_letter_written_twice_is_delivered_once_and_says_so() -> None:
    messages = run([letter(0), letter(1)])
    assert [row["retry"]["outcome"] for row in rows(messages, "retries")] == ["retried", "duplicate"]
    assert len(rows(messages, "outcomes")) == 1


def test_letter_goes_to_the_target_it_was_for_whatever_routes_say_now() -> None:
    messages = run([letter(target="gone")], route=Route([], []))
    assert [row["target"] for row in rows(messages, "outcomes")] == ["gone"]


def test_letter_that_something_newer_overtook_is_not_sent() -> None:
    (fired,) = webhook(ALERT, number=1)
    (decision,) = rows(run([fired]), "decisions")
    about = arrival(fingerprint=decision["fingerprint"])
    old = delivery(1).alert._replace(fingerprint=about.fingerprint)
    for newest_ms, outcome in ((NOW_MS + 60_000, "retried"), (NOW_MS + 59_999, "superseded"), (None, "retried")):
        late = letter(5, newest_ms=newest_ms, alert=old)._replace(partition=fired.partition)
        messages = run([fired, late])
        assert [row["retry"]["outcome"] for row in rows(messages, "retries")] == [outcome]
        assert len(rows(messages, "outcomes")) == (outcome == "retried")


class Notes(EndsAtOnce):
    offered: list[str] = []  # noqa: RUF012 the flow makes the logic itself

    def on_batch(self, values: list[Delivery]) -> tuple[Iterable[Ended], bool]:
        self.offered += [one.transition for one in values]
        return super().on_batch(values)


def test_letter_keeps_its_place_among_the_events_of_its_partition() -> None:
    Notes.offered = []
    (first,), (last,) = webhook(ALERT), webhook({**ALERT, "status": "resolved"}, number=1)
    partition = first.partition
    run(
        [first, letter(1, target="oncall")._replace(partition=partition), last._replace(offset=2)],
        route=Route([], [Target(name="oncall", kind="webhook")]),
        publish=lambda _: Notes(),
    )
    told = [transition.partition("/")[0] for transition in Notes.offered]
    assert told == ["firing", "firing", "resolved"]


def test_letters_are_remembered_across_a_snapshot_and_by_one_that_knew_none() -> None:
    logic = DedupLogic(Dedup(timedelta(hours=1)), None)
    chunk = Chunk(1, [], [], [], retry=Retry(PLACE, None, delivery(1)))
    logic.on_batch([chunk])
    saved = logic.snapshot()
    again = DedupLogic(Dedup(timedelta(hours=1)), saved).on_batch([chunk])[0]
    assert [one.recalled.outcome for one in again if one.recalled] == ["duplicate"]
    del saved["retried"]
    older = DedupLogic(Dedup(timedelta(hours=1)), saved).on_batch([chunk])[0]
    assert [one.recalled.outcome for one in older if one.recalled] == ["retried"]
