"""The differences of a replay are those that an independent, naive implementation finds, whatever is configured.

`WINNOW_WORLDS=1000` tries more of them.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import yaml

from alerts.config_file import Surroundings, parse
from connectors.targets import kinds
from flows.again import again
from flows.differences import Kind
from tests.support import oracle
from tests.support.events import NOW_MS
from tests.support.history import decided, event
from tests.support.oracle import Event, Plain
from winnow._compared import Comparison
from winnow._recorded import Recorded, Span

if TYPE_CHECKING:
    from random import Random

    from alerts.config import Config
    from alerts.record import Stored

WORLDS = int(os.environ.get("WINNOW_WORLDS", "50"))
MATCHERS = [
    [], [("team", "=", "shop")], [("team", "!=", "shop")], [("severity", "=~", "info|noise")], [("team", "=", "")],
    [("host", "!~", "a|b")], [("alertname", "=~", ".*Down")], [("team", "=~", "s.*"), ("host", "=", "a")],
]  # fmt: skip
SEVERITIES = ["critical", "warning", "info", "noise"]
TARGETS = ["oncall", "chat", "log"]


def _rule(chosen: Random, name: str) -> Plain:
    made: Plain = {"name": name, "match": chosen.choice(MATCHERS), "action": chosen.choice(["deny", "deny", "allow"])}
    if chosen.random() < 0.3:
        made["critical"] = True
    if chosen.random() < 0.4 or not made["match"]:
        made["severity"] = chosen.sample(SEVERITIES, 2)
    return made


def _route(chosen: Random, name: str) -> Plain:
    to = chosen.sample(TARGETS, chosen.randint(1, 2))
    return {"name": name, "match": chosen.choice(MATCHERS), "to": to, "continue": chosen.random() < 0.4}


SECTIONS: Plain = {
    "window_s": lambda chosen: chosen.choice([60, 240, 300, 420, 1800]),
    "rules": lambda chosen: [
        {"name": f"c{n}", "match": chosen.choice(MATCHERS[1:]), "severity": chosen.choice(SEVERITIES)}
        for n in range(chosen.randint(0, 2))
    ],
    "filter": lambda chosen: [_rule(chosen, f"f{n}") for n in range(chosen.randint(0, 3))],
    "routes": lambda chosen: [_route(chosen, f"r{n}") for n in range(chosen.randint(0, 3))],
    "targets": lambda chosen: [
        {"name": name, "filter": [_rule(chosen, f"{name}{n}") for n in range(chosen.randint(0, 1))]} for name in TARGETS
    ],
}


def _matcher(matchers: list[tuple[str, str, str]]) -> str:
    return "{" + ", ".join(f'{name}{operator}"{value}"' for name, operator, value in matchers) + "}"


def _config(world: Plain) -> Config:
    def filters(rules: list[Plain]) -> list[Plain]:
        return [{**{k: v for k, v in rule.items() if k != "match"}, "when": _matcher(rule["match"])} for rule in rules]

    hook = {"kind": "webhook", "url": "http://127.0.0.1:1/x", "allow_private": True}
    rules = [{**rule, "match": _matcher(rule["match"]), "category": "x", "confidence": 0.5} for rule in world["rules"]]
    settings = {
        "kafka": {"partitions": 4},
        "dedup": {"window": f"{world['window_s']}s"},
        "classify": {"rules": rules},
        "filter": filters(world["filter"]),
        "routes": [{**route, "match": _matcher(route["match"])} for route in world["routes"]],
        "targets": [{**hook, "name": one["name"], "filter": filters(one["filter"])} for one in world["targets"]],
    }
    around = Surroundings(kinds={name: kind.Config for name, kind in kinds().items()})
    return parse(yaml.safe_dump(settings), "world", around)


def _history(chosen: Random) -> list[tuple[Event, Stored]]:
    """Some alerts that fire, resolve and repeat, in seconds that never go back."""
    alerts = [
        {
            "alertname": chosen.choice(["Disk", "HostDown"]),
            "host": host,
            **chosen.choice([{}, {"team": "shop"}, {"team": "ops"}]),
            **chosen.choice([{}, {}, {"severity": chosen.choice(SEVERITIES)}]),
        }
        for host in "abcd"
    ]
    found, at_s = [], 0
    # Alerts that go on firing are those whose notifications move.
    states = chosen.choice([["firing"], ["firing"] * 9 + ["resolved"], ["firing", "firing", "resolved"]])
    for number in range(chosen.randint(20, 80)):
        at_s += chosen.choice([0, 1, 20, 30, 40, 60, 60, 90, 299, 300, 301, 900])
        labels, status = chosen.choice(alerts), chosen.choice(states)
        starts_at = f"2025-11-24T1{chosen.randint(4, 5)}:59:00Z"
        stored = event(number, NOW_MS + 1000 * at_s, status, starts_at, **labels)
        found.append((Event(f"{number:032x}-0", at_s, labels, status), stored))
    return found


def _changed(world: Plain, chosen: Random) -> Plain:
    section = chosen.choice([*SECTIONS, "window_s"])
    return {**world, section: SECTIONS[section](chosen)}


def _replayed(before: Plain, after: Plain, records: list[Stored], span: Span) -> Comparison:
    recorded, comparison = Recorded(span), Comparison(span)
    live, candidate = _config(before), _config(after)
    for message in decided(live, records):
        recorded.read(message.value, message.partition or 0)
    comparison.begin(recorded)
    kept = [record for record in records if record.accepted_ms >= span.warm_ms]
    again(
        candidate,
        kept,
        recorded.advice,
        lambda message: comparison.take(message.value, message.partition or 0),
        recorded.known,
    )
    comparison.end()
    return comparison


def _expected(before: Plain, after: Plain, events: list[Event], begin: tuple[int, int]) -> list[oracle.Told]:
    """By the oracle: the candidate was put in place at the first moment, and what counts begins at the second."""
    warm, since = begin
    memory: oracle.Memory = {}
    live = oracle.judged(before, events[:warm], memory)
    known = dict(memory)
    live += oracle.judged(before, events[warm:], memory)
    for one in reversed(events[warm:]):  # what a flow had forgotten when the alert came next is known to nobody
        if one.alert in known and one.at_s - known[one.alert][0] >= 2 * before["window_s"]:
            known.pop(one.alert) if _is_first(one, events[warm:]) else None
    candidate = oracle.judged(after, events[warm:], known)
    return oracle.differences(events[since:], live[since:], candidate[since - warm :])


def _is_first(one: Event, events: list[Event]) -> bool:
    return next(other for other in events if other.alert == one.alert) is one


@pytest.mark.parametrize("seed", range(WORLDS))
def test_differences_are_those_that_the_oracle_finds(seed: int) -> None:
    chosen = random.Random(seed)
    before = {name: section(chosen) for name, section in SECTIONS.items()}
    after = _changed(before, chosen)
    history = _history(chosen)
    events, records = [one for one, _ in history], [record for _, record in history]
    begin = sorted(chosen.choices([*range(0, len(events), 7), 0], k=2))
    begin = [_first_at(events, place) for place in begin]
    warm_ms, since_ms = (NOW_MS + 1000 * events[place].at_s for place in begin)
    comparison = _replayed(before, after, records, Span(warm_ms, since_ms, 2**62))
    expected = {one.id: one for one in _expected(before, after, events, (begin[0], begin[1]))}
    found = {one.id: one for one in comparison.found if one.kinds != (Kind.OTHER_DETAIL,)}
    assert found.keys() == expected.keys(), orjson.dumps([before, after])
    for id_, one in found.items():
        assert _plain(one) == expected[id_]
    assert (comparison.not_recorded, comparison.not_kept) == (0, 0)
    assert comparison.after().plain()["events"] == len(events) - begin[1]


def _first_at(events: list[Event], place: int) -> int:
    """The first of those accepted in the same second."""
    return next(number for number, one in enumerate(events) if one.at_s == events[place].at_s)


def _plain(one: Any) -> oracle.Told:
    before, after = (oracle.Verdict(said.targets, said.severity, *said.reason) for said in (one.before, one.after))
    moved = tuple((move.target, move.id) for move in one.moves)
    return oracle.Told(one.id, frozenset(map(str, one.kinds)), before, after, moved)


def test_worlds_differ_in_every_way() -> None:
    """Else the oracle would have agreed about nothing."""
    seen: set[Kind] = set()
    for seed in range(300):
        chosen = random.Random(seed)
        before = {name: section(chosen) for name, section in SECTIONS.items()}
        records = [record for _, record in _history(chosen)]
        found = _replayed(before, _changed(before, chosen), records, Span(0, 0, 2**62)).found
        seen |= {kind for one in found for kind in one.kinds}
        if seen >= set(Kind):
            return
    pytest.fail(f"never seen: {set(Kind) - seen}")
