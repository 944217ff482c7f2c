"""Copies for gateways that wait, made by the whole flow and of every kind of end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from alerts import reply
from alerts.decision import Outcome as Word
from alerts.record import Stored, split
from alerts.reply import Decided, Outcome, Told
from connectors.job import Ended, Turned
from flows.replies import Replies
from tests.support.events import ENVELOPE, NOW_MS, delivery, submission
from tests.support.whole_flow import PARTITIONS, TOPICS, run, webhook

if TYPE_CHECKING:
    from tests.support.whole_flow import Messages

TOKEN = "0123456789abcdef"
ADDRESS = f"3/{TOKEN}"
WAITED_FOR = ENVELOPE._replace(reply=ADDRESS)


def records(*names: str) -> list[Stored]:
    """What a gateway stores of a webhook whose sender waits."""
    alerts = [submission(name, place, instance=str(place)) for place, name in enumerate(names)]
    return [Stored(partition, 0, NOW_MS, value) for partition, value in split(WAITED_FOR, alerts, PARTITIONS)]


def heard(messages: Messages) -> list[Decided | Outcome]:
    """All that is told to whoever waits."""
    replies = [message for _, message in messages if message.topic == TOPICS.replies]
    assert {(message.key, message.partition) for message in replies} <= {(TOKEN.encode(), 3)}
    return [news for message in replies for news in reply.decode(message.value)]


def told(ended: Ended) -> tuple[Told, ...]:
    """What is told of an end, by target."""
    replies = Replies("w.replies", {"oncall": "pagerduty"})
    alert = ended.delivery.alert._replace(envelope=WAITED_FOR)
    ended = ended._replace(delivery=ended.delivery._replace(alert=alert))
    row: dict[str, object] = {"input": alert.id, "delivery": ended.delivery.id}
    ((_, message),) = replies.of_ended(ended, row, 0)
    (news,) = reply.decode(message.value)
    assert isinstance(news, Outcome)
    return news.told


def test_nothing_is_written_for_senders_that_do_not_wait() -> None:
    messages = run(
        webhook({"status": "firing", "labels": {"alertname": "HighCPU"}, "startsAt": "2025-11-24T15:59:00Z"})
    )
    assert messages
    assert heard(messages) == []


def test_each_alert_has_its_decision_with_recommendations_and_the_time_it_took() -> None:
    decided = [news for news in heard(run(records("HighCPU", "DiskFull"))) if isinstance(news, Decided)]
    assert sorted(one.input for one in decided) == [f"{ENVELOPE.id}-0", f"{ENVELOPE.id}-1"]
    for one in decided:
        assert one.judged is not None
        assert one.judged.recommendations
        assert 0 < one.judged.took_ms < 1000
        assert (one.dedup, one.filter) == (("new", "window"), ("allow", "default"))


def test_alert_that_repeats_has_what_dedup_said_and_nothing_more() -> None:
    first, again = records("HighCPU"), records("HighCPU")
    decided = [news for news in heard(run([*first, *again])) if isinstance(news, Decided)]
    assert [(one.dedup, one.judged, one.planned) for one in decided][1:] == [(("duplicate", "window"), None, ())]


def test_step_that_raises_leaves_a_decision_all_the_same() -> None:
    class Broken:
        def __call__(self, _: object) -> object:
            raise ZeroDivisionError

    (one,) = [news for news in heard(run(records("HighCPU"), classify=Broken())) if isinstance(news, Decided)]
    assert one.judged is not None
    assert one.judged.confidence == 0


def test_reply_that_cannot_be_made_stops_nothing() -> None:
    alert = delivery().alert._replace(envelope=WAITED_FOR)
    ended = Ended(delivery(alert=alert), Word.DELIVERED, 1, 200, "", NOW_MS)
    assert Replies("w.replies", {}).of_ended(ended, {"unheard of": object()}, 0) == []


@pytest.mark.parametrize("address", ["", "nonsense", "x/y", 7, None])
def test_address_that_is_none_stops_nothing(address: object) -> None:
    ended = Ended(delivery(), Word.DELIVERED, 1, 200, "", NOW_MS)
    alert = ended.delivery.alert._replace(envelope=ENVELOPE._replace(reply=address))  # type: ignore[arg-type]
    ended = ended._replace(delivery=ended.delivery._replace(alert=alert))
    assert list(Replies("w.replies", {}).of_ended(ended, {}, 0)) == []


def test_what_ends_long_after_is_told_to_nobody() -> None:
    alert = delivery().alert._replace(envelope=WAITED_FOR)
    ended = Ended(delivery(alert=alert), Word.DELIVERED, 1, 200, "", NOW_MS + 16 * 60_000)
    assert list(Replies("w.replies", {}).of_ended(ended, {}, 0)) == []


@pytest.mark.parametrize(
    ("word", "error"),
    [(Word.DELIVERED, ""), (Word.MERGED, "into x"), (Word.NOT_NEEDED, "over"), (Word.DEAD_LETTERED, "answered 403")],
)
def test_target_without_a_fallback_is_told_as_it_ended(word: Word, error: str) -> None:
    ended = Ended(delivery(), word, 2, 403, error, NOW_MS, sending_ms=7.5)
    assert told(ended) == (Told("oncall", "pagerduty", word, 403, error, 2, 7.5),)


TURNED = Turned("spare", 2, 503, "oncall: answered 503", 10.0)


def test_fallback_and_target_each_have_their_own_tries() -> None:
    ended = Ended(delivery(), Word.DELIVERED_TO_FALLBACK, 3, 200, TURNED.error, NOW_MS, sending_ms=15.0, turned=TURNED)
    assert told(ended) == (
        Told("oncall", "pagerduty", reply.TURNED, 503, TURNED.error, 2, 10.0),
        Told("spare", "", "delivered", 200, TURNED.error, 1, 5.0),
    )


def test_fallback_that_failed_too_is_the_dead_letter() -> None:
    ended = Ended(delivery(), Word.DEAD_LETTERED, 3, 403, "both", NOW_MS, sending_ms=15.0, turned=TURNED)
    assert [one.outcome for one in told(ended)] == [reply.TURNED, "dead-lettered"]


def test_fallback_that_was_never_tried_has_no_status() -> None:
    ended = Ended(delivery(), Word.MERGED, 2, 503, "into x", NOW_MS, sending_ms=10.0, turned=TURNED)
    assert [(one.outcome, one.status, one.tries) for one in told(ended)] == [
        (reply.TURNED, 503, 2),
        ("merged", None, 0),
    ]


def test_resolve_that_its_target_took_stays_delivered_when_the_fallback_hears_it_too() -> None:
    both = TURNED._replace(error="", status=200, tries=1)
    ended = Ended(delivery(), Word.DEAD_LETTERED, 2, 403, "spare: answered 403", NOW_MS, sending_ms=15.0, turned=both)
    assert [(one.target, one.outcome) for one in told(ended)] == [("oncall", "delivered"), ("spare", "dead-lettered")]


def test_many_alerts_make_messages_that_a_broker_takes() -> None:
    messages = run(records(*["HighCPU"] * 3000))
    replies = [message for _, message in messages if message.topic == TOPICS.replies]
    assert len(heard(messages)) >= 3000
    assert max(len(message.value) for message in replies) < 900_000


def test_value_is_json_that_any_kafka_tool_shows() -> None:
    messages = run(records("HighCPU"))
    (value,) = [
        message.value for _, message in messages if message.topic == TOPICS.replies and b"decisions" in message.value
    ]
    assert json.loads(value)["decisions"][0]["name"] == "HighCPU"
