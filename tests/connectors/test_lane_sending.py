"""How long sending took, and what its own target said before the fallback's turn: what waiting senders are told."""

from __future__ import annotations

from alerts.config import Publish
from connectors.job import Turned
from connectors.lane import Lane
from connectors.request import Judgement, Sent
from tests.support.events import NOW_MS, delivery, saved, taken, target

DELIVERED = Sent(Judgement.DELIVERED, 200, "", took_ms=5.0)
RETRY = Sent(Judgement.RETRY, 503, "answered 503", took_ms=20.0)
REFUSED = Sent(Judgement.REFUSED, 403, "answered 403", took_ms=10.0)


def lane() -> Lane:
    targets = [target(name="oncall", fallback="spare"), target(name="spare")]
    return Lane(Publish(), {one.name: one for one in targets})


def sent(at: Lane, *tries: Sent) -> None:
    """One try after another, each when it is due."""
    for one in tries:
        due_ms = at.next_ms()
        assert due_ms is not None
        (job,) = taken(at, due_ms)
        at.came_back((job,), one, due_ms)


def test_time_of_all_tries_is_counted_without_the_pauses_between_them() -> None:
    oncall = lane()
    oncall.offer(delivery(), NOW_MS)
    sent(oncall, RETRY, RETRY, DELIVERED)
    (ended,) = oncall.ended()
    assert (ended.tries, ended.sending_ms, ended.turned) == (3, 45.0, None)


def test_what_its_own_target_said_is_kept_when_it_is_the_fallbacks_turn() -> None:
    oncall = lane()
    oncall.offer(delivery(), NOW_MS)
    sent(oncall, RETRY, REFUSED, DELIVERED)
    (ended,) = oncall.ended()
    assert ended.turned == Turned("spare", 2, 403, "oncall: answered 403", 30.0)
    assert (ended.outcome.value, ended.tries, ended.status, ended.sending_ms) == ("delivered-to-fallback", 3, 200, 35.0)


def test_both_survive_a_restart() -> None:
    before, after = lane(), lane()
    before.offer(delivery(), NOW_MS)
    sent(before, REFUSED, RETRY)
    after.restore(saved(before.snapshot()))
    sent(after, DELIVERED)
    (ended,) = after.ended()
    assert ended.turned == Turned("spare", 1, 403, "oncall: answered 403", 10.0)
    assert (ended.tries, ended.sending_ms) == (3, 35.0)
