"""The way of an alert is the one it takes through the flow."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from alerts.config import Config
from alerts.record import decode, open_alert
from connectors.kafka.topics import topics
from flows.again import again
from flows.way import Way, way
from tests.support.configs import config, some_alert
from tests.support.events import alert
from tests.support.whole_flow import webhook

if TYPE_CHECKING:
    from alerts.alert import Alert
    from alerts.record import Stored
    from connectors.request import Message

Row = dict[str, Any]


def _record(draw: Random, number: int) -> Stored:
    """One alert of which there is no other, some hours after the one before."""
    drawn = some_alert(draw)
    ends = {"endsAt": drawn.ends_at} if drawn.ends_at else {}
    labels = {"alertname": drawn.name, **drawn.labels, "number": str(number)}
    entry: dict[str, object] = {"status": drawn.status.value, "labels": labels, "startsAt": drawn.starts_at, **ends}
    (record,) = webhook({**entry, "annotations": drawn.annotations}, number=number * 251)
    return record


def _decided(of: Config, records: list[Stored]) -> dict[str, Row]:
    """The decisions of the flow, by fingerprint."""
    found: dict[str, Row] = {}

    def take(message: Message) -> None:
        if message.topic == topics(of.kafka).decisions:
            rows: list[Row] = orjson.loads(message.value)["decisions"]
            found.update((row["fingerprint"], row) for row in rows)

    again(of, records, {}, take)
    return found


def _as_decided(of: Config, taken: Way) -> Row:
    """What the decision would say of this way."""
    filtered = next((of.filter[look.place].name for look in taken.filter if look.holds), "default")
    routed = [f"routes[{look.place}]" for look in taken.routes if look.holds]
    return {
        "classify": taken.judged.told.rule,
        "filter": ("deny" if taken.is_denied else "allow", filtered),
        "routed": routed,
        "told": [told.target for told in taken.targets if told.is_told],
        "skipped": {told.target for told in taken.targets if not told.is_told and (told.routes or told.filter)},
    }


def _decision(row: Row) -> Row:
    verdicts = row["route"]
    return {
        "classify": row["classify"]["rule"],
        "filter": (row["filter"]["outcome"], row["filter"]["rule"]),
        "routed": [one["rule"] for one in verdicts if one["outcome"] == "routed"],
        "told": [one["target"] for one in row["deliveries"]],
        "skipped": {one["rule"].partition("/")[0] for one in verdicts if one["outcome"] == "skipped"},
    }


@pytest.mark.parametrize("seed", range(5))
def test_way_says_what_the_flow_decides_for_random_alerts_and_configurations(seed: int) -> None:
    draw = Random(seed)
    compared, seen = 0, set()
    for _ in range(12):
        drawn = config(draw)
        records = [_record(draw, number) for number in range(40)]
        decided = _decided(drawn, records)
        for record in records:
            (arrival,) = decode(record.value, record.accepted_ms)
            taken, row = way(drawn, open_alert(arrival)), decided[arrival.fingerprint]
            if "transition" in row:
                compared += 1
                assert _as_decided(drawn, taken) == _decision(row), (drawn, arrival)
                seen |= {(taken.is_denied, any(told.is_told for told in taken.targets))}
    assert compared > 400
    assert len(seen) == 3


def _of(one: Alert, **sections: object) -> Way:
    return way(Config.model_validate({"targets": [{"name": "a", "kind": "webhook"}], **sections}), one)


def test_what_is_not_so_of_a_rule_is_named_and_what_is_so_is_not() -> None:
    rule = {"name": "x", "when": 'alertname="HighCPU",team="db"', "severity": ["warning"], "status": "resolved"}
    (look,) = _of(alert(), filter=[rule]).filter
    assert [(part.word, str(part.value)) for part in look.failed] == [("match", '{team="db"}'), ("status", "resolved")]
    assert (look.holds, look.spares) == (False, False)


def test_rule_that_spares_critical_alerts_says_so() -> None:
    way_ = _of(alert("NodeDown"), filter=[{"name": "all"}, {"name": "really-all", "critical": True}])
    assert [(look.holds, look.spares) for look in way_.filter] == [(False, True), (True, False)]


def test_rule_named_as_the_default_is_no_default() -> None:
    assert [look.holds for look in _of(alert(), filter=[{"name": "default", "action": "allow"}]).filter] == [True]


def test_no_rule_behind_the_decision_is_looked_at() -> None:
    routes = [{"to": ["a"], "match": 'x="y"'}, {"to": ["a"]}, {"to": ["a"]}]
    taken = _of(alert(), routes=routes, filter=[{"name": "x", "action": "allow"}, {"name": "y"}])
    assert ([look.place for look in taken.routes], [look.place for look in taken.filter]) == ([0, 1], [0])
