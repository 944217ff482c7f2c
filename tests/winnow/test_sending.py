"""Sending what is chosen: in order, by the target's rules alone, and not without a record of it."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import orjson
import pytest

from alerts.alert import Status
from alerts.config import Config, Kafka, Publish, Target
from alerts.errors import KafkaError
from connectors.inbox import Inbox
from connectors.kafka.embedded import EmbeddedBroker
from connectors.kafka.scan import scan
from connectors.kafka.topics import topics
from tests.support.events import NOW_MS, alert, delivery, target
from winnow._sending import Gone, send

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alerts.decision import Delivery
    from connectors.arrival import Arrival

PARTITIONS = 2
AT_A_TIME = 3


class World(NamedTuple):
    kafka: Kafka
    inbox: Inbox
    told: list[Arrival]

    def target(self, kind: str = "webhook", path: str = "hook", **changes: object) -> Target:
        changes = {"url": f"{self.inbox.url}/{path}", "allow_private": True, **changes}
        return target(kind, "oncall", **changes)

    def send(self, to: Target, going: Sequence[Delivery], seconds: float = 20) -> Gone:
        publish = Publish(max_concurrent=AT_A_TIME, max_pending=4, backoff=timedelta(milliseconds=1))
        config = Config(kafka=self.kafka, publish=publish)
        return send(config, to, going, lambda _: None, timedelta(seconds=seconds))

    def outcomes(self) -> list[tuple[str, str, bool]]:
        found = scan(self.kafka, topics(self.kafka).decisions, range(PARTITIONS))
        rows = [row for record in found for row in orjson.loads(record.value)["outcomes"]]
        return sorted((row["delivery"], row["outcome"], row["replayed"]) for row in rows)


@contextmanager
def world() -> Iterator[World]:
    told: list[Arrival] = []
    inbox = Inbox("127.0.0.1:0", lambda arrival, _: told.append(arrival))
    counts = {"winnow.decisions": PARTITIONS, "winnow.dead-letters": 1}
    try:
        with EmbeddedBroker(counts) as broker:
            client = {"fetch.wait.max.ms": "5"}
            kafka = Kafka(bootstrap=broker.bootstrap, partitions=PARTITIONS, client=client)
            yield World(kafka, inbox, told)
    finally:
        inbox.close()


def going(count: int, of: int = 0) -> list[Delivery]:
    """One of each alert; `of`: so many alerts, in turn, firing and resolved."""
    made = []
    for number in range(count):
        turn, which = divmod(number, of or count)
        status = Status.RESOLVED if turn % 2 else Status.FIRING
        told = alert(fingerprint=f"{which:016x}", status=status, at_ms=NOW_MS + number)
        made.append(delivery(number, alert=told, replayed=True))
    return made


def test_each_alert_hears_its_own_in_order_whatever_may_wait_at_a_time() -> None:
    with world() as made:
        gone = made.send(made.target(), going(40, of=4))
        assert (gone.delivered, gone.left, dict(gone.given_up)) == (40, 0, {})
        by_alert: dict[str, list[str]] = {}
        for one in made.told:
            assert isinstance(one.body, dict)
            by_alert.setdefault(one.body["fingerprint"], []).append(one.headers["webhook-id"])
        assert all(ids == sorted(ids) for ids in by_alert.values())
        assert [len(ids) for ids in by_alert.values()] == [10] * 4
        assert made.outcomes() == [(f"{number:032x}", "delivered", True) for number in range(40)]


def test_what_is_not_recorded_is_the_last_that_goes() -> None:
    with world() as made:
        nowhere = made._replace(kafka=Kafka(bootstrap="127.0.0.1:1", partitions=PARTITIONS))
        with pytest.raises(KafkaError, match="nothing more is sent"):
            nowhere.send(made.target(), going(40), seconds=0.5)
        assert 1 <= len(made.told) <= AT_A_TIME


def test_fallback_of_the_target_is_told_nothing() -> None:
    with world() as made:
        made.inbox._status = 400
        gone = made.send(made.target(fallback="other"), going(1))
        assert (gone.delivered, gone.given_up, len(made.told)) == (0, {"answered 400": 1}, 1)
        assert made.outcomes() == [(f"{0:032x}", "dead-lettered", True)]


def test_resolve_of_what_is_given_up_goes_all_the_same() -> None:
    with world() as made:
        made.inbox._status = 400
        gone = made.send(made.target(), going(2, of=1))
        assert (gone.given_up, len(made.told)) == ({"answered 400": 2}, 2)


def test_address_that_may_not_be_asked_is_not_asked() -> None:
    with world() as made:
        gone = made.send(made.target(allow_private=False), going(1))
        assert (gone.delivered, len(gone.given_up), made.told) == (0, 1, [])


def test_alertmanager_is_told_once_and_no_heartbeats() -> None:
    with world() as made:
        gone = made.send(made.target("alertmanager", "", repeat_every="1s", rate=1), going(3, of=1))
        assert (gone.delivered, len(made.told)) == (3, 3)
        assert {one.headers["winnow-replayed"] for one in made.told} == {"true"}


def test_what_may_go_to_an_alertmanager_at_once_shares_a_request() -> None:
    with world() as made:
        gone = made.send(made.target("alertmanager", ""), going(3))
        (told,) = made.told
        assert isinstance(told.body, list)
        assert (gone.delivered, len(told.body)) == (3, 3)
        assert made.outcomes() == [(f"{number:032x}", "delivered", True) for number in range(3)]


def test_resolve_that_only_closes_goes_and_is_recorded_as_one() -> None:
    with world() as made:
        firing, resolve = going(2, of=1)
        gone = made.send(made.target("pagerduty", "v2/enqueue"), [firing, resolve._replace(only_closes=True)])
        assert gone.delivered == 2
        actions = [one.body["event_action"] for one in made.told if isinstance(one.body, dict)]
        assert actions == ["trigger", "resolve"]
