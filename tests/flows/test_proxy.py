"""The whole flow, from records to decisions and outcomes, on Bytewax's own source and sink."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.config import FilterRule, Target
from alerts.config import Route as RouteRule
from alerts.decision import Severity
from alerts.record import Stored
from flows.steps.classify import Classify, Judged
from flows.steps.dedup import Dedup, Seen, State
from flows.steps.filter import Filter
from flows.steps.route import Route, Routing
from tests.support.events import NOW_MS, STARTS_AT
from tests.support.whole_flow import PARTITIONS, TOPICS, rows, run, webhook

if TYPE_CHECKING:
    from alerts.alert import Alert
    from alerts.decision import Classification, Verdict

TARGETS = [Target(name="oncall", kind="webhook"), Target(name="team", kind="webhook")]
ROUTES = [RouteRule(to=["oncall"], severity=[Severity.CRITICAL]), RouteRule(to=["team"])]
EVERYONE = Route([], TARGETS)
BY_SEVERITY = Route(ROUTES, TARGETS)


def _alert(name: str = "HighCPU", status: str = "firing", **labels: str) -> dict[str, object]:
    return {"status": status, "labels": {"alertname": name, **labels}, "startsAt": STARTS_AT}


def _targets(row: dict[str, object]) -> list[str]:
    deliveries = row.get("deliveries", [])
    assert isinstance(deliveries, list)
    return [delivery["target"] for delivery in deliveries]


def test_alert_reaches_every_target_and_both_ends_are_on_record() -> None:
    messages = run(webhook(_alert()), route=EVERYONE)
    (decision,) = rows(messages, "decisions")
    assert _targets(decision) == ["oncall", "team"]
    planned = {delivery["id"] for delivery in decision["deliveries"]}
    assert {outcome["delivery"] for outcome in rows(messages, "outcomes")} == planned
    assert {outcome["outcome"] for outcome in rows(messages, "outcomes")} == {"delivered"}
    assert {outcome["transition"] for outcome in rows(messages, "outcomes")} == {decision["transition"]}


def test_repeat_ends_at_dedup_with_its_decision() -> None:
    messages = run([*webhook(_alert()), *webhook(_alert(), number=1)], route=EVERYONE)
    first, repeat = rows(messages, "decisions")
    assert (first["dedup"]["outcome"], repeat["dedup"]["outcome"]) == ("new", "duplicate")
    assert repeat["dedup"]["saw"] == {"passed_ms": NOW_MS}
    assert "deliveries" not in repeat
    assert len(rows(messages, "outcomes")) == 2


@pytest.mark.parametrize("name", ["DiskFull", "Checkout", "NodeDown", "HighCPU"])
def test_resolve_goes_where_its_firing_went(name: str) -> None:
    """A resolved DiskFull is not critical by the table, but whoever was woken must hear that it is over."""
    records = [*webhook(_alert(name)), *webhook(_alert(name, "resolved"), number=1)]
    fired, resolved = rows(run(records, route=BY_SEVERITY), "decisions")
    assert resolved["status"] == "resolved"
    assert _targets(resolved) == _targets(fired) != []


def test_denied_alert_has_a_decision_that_names_the_rule_and_no_delivery() -> None:
    rule = FilterRule.model_validate({"name": "no_shop", "when": 'team="shop"'})
    messages = run(webhook(_alert(team="shop")), route=EVERYONE, filter=Filter([rule]))
    (decision,) = rows(messages, "decisions")
    assert decision["filter"] == {"outcome": "deny", "rule": "no_shop", "saw": {"team": "shop"}}
    assert decision["deliveries"] == rows(messages, "outcomes") == []


def test_every_alert_event_gets_exactly_one_decision() -> None:
    many = [_alert(pod=f"{number}") for number in range(250)]
    records = [*webhook(*many), *webhook(*many, number=1)]
    ids = [row["id"] for row in rows(run(records, route=EVERYONE), "decisions")]
    assert sorted(ids) == sorted({f"{hook:032x}-{position}" for hook in (0, 1) for position in range(250)})


def test_decisions_lie_in_the_partition_of_their_webhook() -> None:
    records = webhook(*[_alert(pod=f"{number}") for number in range(50)])
    assert {record.partition for record in records} == set(range(PARTITIONS))
    for key, message in run(records, route=EVERYONE):
        assert message.partition == int(key)


@pytest.mark.parametrize("value", [b"hello", b"\xff\x00", b"", b"{}", b'{"v":99}', b"\x00" * 300_000])
def test_unreadable_record_goes_to_the_quarantine_with_its_place(value: bytes) -> None:
    broken = Stored(2, 41, NOW_MS, value)
    messages = run([broken, *webhook(_alert())], route=EVERYONE)
    (told,) = [json.loads(message.value) for _, message in messages if message.topic == TOPICS.quarantine]
    place = {"topic": TOPICS.webhooks, "partition": 2, "offset": 41, "accepted_ms": NOW_MS}
    assert place.items() <= told.items()
    assert told["reason"]
    assert len(rows(messages, "decisions")) == 1


@pytest.mark.parametrize("line", [b"{}", b'{"labels":5}', b'{"labels":{"severity":1}}', b"\xff", b"[" * 2000])
def test_unreadable_line_goes_to_the_quarantine_and_swallows_no_later_event(line: bytes) -> None:
    """Nobody was told of it, so the next event of the same alert is no duplicate."""
    (record,) = webhook(_alert(), _alert(), _alert())
    header, first, _, third = record.value.split(b"\n")
    messages = run([record._replace(value=b"\n".join([header, line, first, third]))], route=EVERYONE)
    (told,) = [json.loads(message.value) for _, message in messages if message.topic == TOPICS.quarantine]
    assert f"{0:032x}-0" in told["reason"]
    assert (told["partition"], told["offset"]) == (record.partition, record.offset)
    outcomes = [row["dedup"]["outcome"] for row in rows(messages, "decisions")]
    assert outcomes == ["unreadable", "new", "duplicate"]


class _BreaksError(RuntimeError):
    """What a step with a bug raises."""


class _BadDedup(Dedup):
    def __call__(self, state: State, arrival: object) -> Seen:
        raise _BreaksError


class _BadClassify(Classify):
    def __call__(self, alert: Alert) -> Judged:
        if "bad" in alert.labels:
            raise _BreaksError
        return super().__call__(alert)


class _BadFilter(Filter):
    def __call__(self, alert: Alert, weighed: Classification, alone: Classification | None = None) -> Verdict:
        raise _BreaksError


class _BadRoute(Route):
    def __call__(self, alert: Alert, weighed: Classification, alone: Classification | None = None) -> Routing:
        raise _BreaksError


def test_alert_goes_on_when_dedup_raises() -> None:
    bad = _BadDedup(timedelta(hours=4))
    (decision,) = rows(run(webhook(_alert()), route=EVERYONE, dedup=bad), "decisions")
    assert decision["dedup"] == {"outcome": "error", "rule": "_BreaksError", "saw": {}}
    assert _targets(decision) == ["oncall", "team"]


def test_changes_that_dedup_could_not_judge_are_notifications_of_their_own() -> None:
    records = [record for number in range(2) for record in webhook(_alert(), number=number)]
    decisions = rows(run(records, route=EVERYONE, dedup=_BadDedup(timedelta(hours=4))), "decisions")
    assert len({delivery["id"] for decision in decisions for delivery in decision["deliveries"]}) == 4


def test_alert_goes_on_when_classify_raises_and_its_neighbour_is_judged() -> None:
    records = webhook(_alert(bad="yes"), _alert())
    decisions = rows(run(records, route=EVERYONE, classify=_BadClassify()), "decisions")
    assert {row["classify"]["rule"] for row in decisions} == {"error", "high_cpu"}
    assert [_targets(row) for row in decisions] == [["oncall", "team"]] * 2


def test_alert_goes_on_when_filter_raises() -> None:
    (decision,) = rows(run(webhook(_alert()), route=EVERYONE, filter=_BadFilter([])), "decisions")
    assert decision["filter"] == {"outcome": "error", "rule": "_BreaksError", "saw": {}}
    assert _targets(decision) == ["oncall", "team"]


def test_alert_goes_to_every_enabled_target_when_route_raises() -> None:
    (decision,) = rows(run(webhook(_alert()), route=_BadRoute(ROUTES, TARGETS)), "decisions")
    assert decision["route"] == [{"outcome": "error", "rule": "_BreaksError", "saw": {}}]
    assert _targets(decision) == ["oncall", "team"]


def test_same_records_give_the_same_bytes() -> None:
    records = [
        *webhook(*[_alert(name, pod=f"{n}") for n, name in enumerate(["DiskFull", "Checkout", "HighCPU"] * 30)]),
        Stored(0, 9, NOW_MS, b"broken"),
        *webhook(*[_alert("DiskFull", "resolved", pod=f"{n}") for n in range(90)], number=1),
    ]
    assert run(records, route=BY_SEVERITY) == run(records, route=BY_SEVERITY)
