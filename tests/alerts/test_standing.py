"""What came after a dead letter, and what its target knows of it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from alerts.fingerprint import identity
from alerts.record import Stored, split
from alerts.retry import Retry, encode
from alerts.standing import Standing
from tests.support.events import ENVELOPE, NOW_MS, alert, delivery, submission

FINGERPRINT = identity({"alertname": "HighCPU"}, "")
OLD = delivery(1, alert=alert(fingerprint=FINGERPRINT))
NEW = delivery(2).id


def given_up(_: str) -> bool:
    return False


def event(minute: int, name: str = "HighCPU", offset: int = 0) -> Stored:
    envelope = ENVELOPE._replace(id=f"{minute:032x}")
    ((_, value),) = split(envelope, [submission(name)], 1)
    return Stored(0, offset, NOW_MS + minute * 60_000, value)


def decided(minute: int, *deliveries: str, **changes: Any) -> bytes:
    row = {
        "id": f"{minute:032x}-0",
        "fingerprint": FINGERPRINT,
        "accepted_ms": NOW_MS + minute * 60_000,
        "transition": f"firing/x/{minute}.0",
        "deliveries": [{"id": id_, "target": "oncall"} for id_ in deliveries],
    }
    return orjson.dumps({"v": 1, "decisions": [row | changes]})


def ended(delivery_id: str, outcome: str) -> bytes:
    row = {"delivery": delivery_id, "fingerprint": FINGERPRINT, "outcome": outcome}
    return orjson.dumps({"v": 1, "outcomes": [row]})


def recalled(outcome: str, letter: str = "t/0/1") -> bytes:
    return orjson.dumps(
        {"v": 1, "retries": [{"fingerprint": FINGERPRINT, "letter": letter, "retry": {"outcome": outcome}}]}
    )


def standing(*values: bytes) -> Standing:
    made = Standing([FINGERPRINT])
    for value in values:
        made.decide(value)
    return made


def test_newest_notification_to_the_same_target_is_named_with_its_end() -> None:
    found = standing(decided(0, OLD.id), decided(1, "a" * 32), decided(2, NEW), ended(NEW, "delivered"))
    newer = found.newer(OLD, given_up)
    assert newer is not None
    assert (newer.delivery, newer.outcome, newer.transition) == (NEW, "delivered", "firing/x/2.0")


def test_nothing_is_newer_than_the_newest() -> None:
    assert standing(decided(0, "a" * 32), decided(1, OLD.id)).newer(OLD, given_up) is None


def test_notification_to_another_target_does_not_count() -> None:
    other = decided(1, deliveries=[{"id": NEW, "target": "team"}])
    assert standing(decided(0, OLD.id), other).newer(OLD, given_up) is None


def test_what_its_target_was_never_told_does_not_count() -> None:
    found = standing(decided(0, OLD.id), decided(1, NEW))
    assert found.newer(OLD, lambda id_: id_ == NEW) is None


def test_without_its_own_decision_the_moments_of_acceptance_tell() -> None:
    found = standing(decided(-1, "a" * 32), decided(1, NEW))
    newer = found.newer(OLD, given_up)
    assert newer is not None
    assert (newer.delivery, newer.outcome) == (NEW, None)
    assert standing(decided(-1, NEW)).newer(OLD, given_up) is None


def test_decision_told_again_after_a_crash_keeps_its_place() -> None:
    found = standing(decided(0, OLD.id), decided(1, NEW), decided(0, OLD.id))
    assert (found.rank(OLD), found.newer(OLD, given_up) is None) == (0, False)


def test_newest_outcome_of_a_delivery_holds() -> None:
    assert standing(ended(NEW, "dead-lettered"), ended(NEW, "delivered")).outcome(NEW) == "delivered"


def test_letter_was_dropped_until_it_is_retried() -> None:
    assert standing(recalled("superseded")).was_dropped("t/0/1")
    assert not standing(recalled("superseded"), recalled("retried")).was_dropped("t/0/1")


@pytest.mark.parametrize(
    ("values", "transition"),
    [
        ((), None),
        ((decided(5),), "firing/x/5.0"),
    ],
)
def test_later_event_is_told_from_one_that_is_not_decided(values: tuple[bytes, ...], transition: str | None) -> None:
    found = Standing([FINGERPRINT])
    found.event(event(5))
    for value in values:
        found.decide(value)
    later = found.later(FINGERPRINT, NOW_MS, "x")
    assert later is not None
    assert (later.input, later.transition) == (f"{5:032x}-0", transition)


def test_event_that_said_nothing_new_is_no_later_one() -> None:
    found = Standing([FINGERPRINT])
    found.event(event(5))
    row = orjson.loads(decided(5))["decisions"][0]
    del row["transition"]
    found.decide(orjson.dumps({"v": 1, "decisions": [row]}))
    assert found.later(FINGERPRINT, NOW_MS, "x") is None


def test_time_of_the_newest_event_is_that_of_the_flow_which_never_goes_back() -> None:
    found = Standing([FINGERPRINT])
    for stored in (event(1), event(9, "Other"), event(5), event(12, "Other")):
        found.event(stored)
    assert found.newest_ms(FINGERPRINT) == NOW_MS + 9 * 60_000


def test_retries_and_what_cannot_be_read_tell_nothing() -> None:
    found = standing(f'"{FINGERPRINT}"'.encode(), b'{"decisions": 5, "x": "%s"}' % FINGERPRINT.encode())
    found.event(Stored(0, 0, NOW_MS, encode(Retry("t/0/1", None, OLD))))
    found.event(Stored(0, 0, NOW_MS, b'"%s"' % FINGERPRINT.encode()))
    assert (found.newest_ms(FINGERPRINT), found.later(FINGERPRINT, 0, "x")) == (0, None)
