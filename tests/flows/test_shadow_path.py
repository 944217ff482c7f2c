"""A candidate beside the flow: what it decides, and that nothing of it reaches anybody."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from bytewax.testing import TestingSink, run_main
from bytewax.visualize import to_rendered

from alerts.advice import Advice, How, from_plain
from flows import metrics
from flows.again import again
from flows.plumbing.pending import Pending
from flows.plumbing.recorded import Recorded
from flows.proxy import connect
from flows.steps.dedup import Dedup
from tests.support.events import NOW_MS, STARTS_AT
from tests.support.history import event
from tests.support.shadowing import LLM, OWN_ANSWER, broken, config, rows, shadow
from tests.support.whole_flow import Messages, parts, webhook

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from alerts.config import Config
    from alerts.record import Stored
    from connectors.request import Message

DENIES = config(filter=[{"name": "one", "when": 'instance="api-1"', "action": "deny"}])


def alert(number: int) -> dict[str, object]:
    labels = {"alertname": "Checkout", "instance": f"api-{number}", "severity": "warning"}
    return {"status": "firing", "labels": labels, "startsAt": STARTS_AT}


def records() -> list[Stored]:
    alerts = [alert(number) for number in range(4)]
    return [*webhook(*alerts), *webhook(*alerts, number=1)]


def flow(stored: Iterable[Stored], **changes: object) -> list[Message]:
    """What the flow writes."""
    sink: Messages = []
    run_main(connect(parts(list(stored), sink, **changes)))  # type: ignore[no-untyped-call]
    return [message for _, message in sink]


def beside(candidate: Config, live: Config | None = None, **changes: Any) -> tuple[list[Message], list[Message]]:
    """What the flow writes of `records`, and what the candidate does; `changes` are of its parts."""
    sink: Messages = []
    part = shadow(candidate, live, **changes)._replace(messages=TestingSink(sink))
    asking = None if live is None else Recorded(SAID, Pending(10))
    return flow(records(), shadow=part, asking=asking), [message for _, message in sink]


def by_id(messages: Iterable[Message]) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in rows(messages)}


SAID: Mapping[str, Advice] = {f"{0:032x}-{place}": Advice("a" * 16, How.ANSWERED, OWN_ANSWER) for place in range(4)}


def test_without_a_candidate_the_flow_has_no_step_for_one() -> None:
    steps = {step.step_name for step in to_rendered(connect(parts([], []))).substeps}
    assert steps.isdisjoint({"shadow", "shadowed", "overhear", "overheard"})


def test_candidate_that_is_the_same_decides_the_same_bytes() -> None:
    live, other = beside(config())
    decided = [message.value.split(b'"decisions":')[1] for message in live if b'"decisions":' in message.value]
    assert len(decided) > 1
    assert sorted(message.value.split(b'"decisions":')[1] for message in other) == sorted(decided)


def test_rule_of_the_candidate_decides_in_its_topic_and_nowhere_else() -> None:
    live, other = beside(DENIES)
    assert sorted(live) == sorted(flow(records()))
    assert {message.topic for message in other} == {"w.shadow"}
    before, after = by_id(live), by_id(other)
    assert before.keys() == after.keys()
    assert [row["filter"]["rule"] for id_, row in after.items() if row != before[id_]] == ["one"]


def test_record_of_the_candidate_says_who_decided_beside_whom_and_since_when() -> None:
    _, other = beside(DENIES)
    heads = [{key: value for key, value in orjson.loads(one.value).items() if key != "decisions"} for one in other]
    part = shadow(DENIES)
    assert part.version != part.live
    assert all(head == {"v": 1, "config": part.version, "live": part.live, "begun_ms": NOW_MS} for head in heads)


def test_candidate_lies_in_the_partition_of_its_webhook() -> None:
    live, other = beside(DENIES)
    places = {row["id"]: message.partition for message in live for row in rows([message])}
    assert {row["id"]: message.partition for message in other for row in rows([message])} == places


@pytest.mark.parametrize("step", ["filter", "classify"])
def test_step_of_the_candidate_that_raises_is_on_record_and_the_flow_does_not_notice(step: str) -> None:
    errors = metrics.step_errors.labels(step=step)._value.get()
    counted = metrics.shadow_errors.labels(step=step)._value.get()
    changes: Any = {step: broken}
    live, other = beside(config(), **changes)
    assert sorted(live) == sorted(flow(records()))
    assert {row["step"]: row["error"] for row in rows(other, "faults")} == {step: "ZeroDivisionError"}
    assert sum(row["times"] for row in rows(other, "faults")) == 4
    assert len(rows(other)) == 8
    assert metrics.shadow_errors.labels(step=step)._value.get() - counted == 4
    assert metrics.step_errors.labels(step=step)._value.get() == errors


def test_candidate_that_fails_as_a_whole_decides_nothing_and_the_flow_does_not_notice() -> None:
    live, other = beside(config(), keepers=broken, route=None)
    assert sorted(live) == sorted(flow(records()))
    assert rows(other) == []
    assert {row["step"] for row in rows(other, "faults")} == {"shadow"}


def test_verdicts_of_the_candidate_are_not_counted_as_the_flows() -> None:
    def counted() -> float:
        return sum(
            sample.value
            for one in metrics.verdicts.collect()
            for sample in one.samples
            if sample.name.endswith("total")
        )

    before = counted()
    flow(records())
    alone = counted() - before
    beside(DENIES)
    assert counted() - before == 2 * alone


def test_answers_of_the_flows_model_are_the_candidates() -> None:
    asks = config(classify={"llm": LLM})
    live, other = beside(asks, asks)
    assert by_id(other) == by_id(live)
    assert [row["advice"]["how"] for row in by_id(other).values() if "advice" in row] == ["answered"] * 4


def test_candidate_with_a_model_beside_a_flow_without_one_asks_nobody() -> None:
    _, other = beside(config(classify={"llm": LLM}))
    assert [row["advice"]["how"] for row in by_id(other).values() if "advice" in row] == ["unrecorded"] * 4


def _history(dice: random.Random) -> list[Stored]:
    at_ms, found = NOW_MS, []
    for number in range(400):
        at_ms += dice.randrange(120_000)
        name, status = dice.choice(["Disk", "NodeDown", "HighCPU"]), dice.choice(["firing", "firing", "resolved"])
        found.append(event(number, at_ms, status, alertname=name, instance=str(dice.randrange(5))))
    return found


@pytest.mark.parametrize("window", ["10m", "1h", "4h"])
@pytest.mark.parametrize("llm", [{}, {"llm": LLM}])
def test_candidate_decides_as_a_replay_of_it_does(window: str, llm: dict[str, object]) -> None:
    """Two ways to the same: alongside, and afterwards."""
    dice = random.Random(f"{window}{llm}")
    stored = _history(dice)
    rule = {"name": "own", "match": 'alertname="Disk"', "severity": dice.choice(["critical", "info"])}
    live_config = config(dedup={"window": "1h"}, classify=llm)
    candidate = config(dedup={"window": window}, classify={**llm, "rules": [rule, "builtin"]})
    sink: Messages = []
    ids = [f"{number:032x}-0" for number in range(400)]
    said = {id_: Advice("a" * 16, How.ANSWERED, OWN_ANSWER) for id_ in ids if dice.random() < 0.5}
    asking = Recorded(said, Pending(10)) if llm else None
    part = shadow(candidate, live_config)._replace(messages=TestingSink(sink))
    written = flow(stored, dedup=Dedup(live_config.dedup.window), shadow=part, asking=asking)
    recorded = {row["id"]: from_plain(row["advice"]) for row in rows(written) if "advice" in row}
    replayed: list[Message] = []
    again(candidate, stored, recorded, replayed.append)
    assert by_id(message for _, message in sink) == by_id(replayed)
    assert len(by_id(replayed)) == 400
