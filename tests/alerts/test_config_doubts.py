"""What is called doubtful is so; a rule that is called unreachable decides for no alert."""

from __future__ import annotations

import os
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest

from alerts.config import Config
from alerts.config_doubts import Kind, doubts
from flows.steps.classify import Classify
from flows.steps.filter import Filter
from flows.steps.route import Route
from tests.support.configs import config, some_alert, some_classification

if TYPE_CHECKING:
    from alerts.alert import Alert
    from alerts.config import FilterRule
    from alerts.config_tree import Path
    from alerts.decision import Classification

CONFIGS = int(os.environ.get("WINNOW_EXAMPLES", "60"))
IN_VAIN = {Kind.UNREACHABLE, Kind.SHADOWED, Kind.NEVER_HOLDS}


def _deciding(of: Config, seen: list[tuple[Alert, Classification]]) -> set[Path]:
    """The paths of the rules that decide for any of the alerts, each taken for something, by the steps of the flow."""
    assert isinstance(of.classify.rules, list)
    rules = [rule if isinstance(rule, str) else rule.name for rule in of.classify.rules]
    classify, route = Classify(of.classify.rules), Route(of.routes, of.targets)
    lists: list[tuple[Path, list[FilterRule]]] = [(("filter",), of.filter)]
    lists += [(("targets", place, "filter"), target.filter) for place, target in enumerate(of.targets)]
    filters = [(above, [rule.name for rule in those], Filter(those)) for above, those in lists]
    decided: set[Path] = set()
    for alert, found in seen:
        rule = classify(alert).told.rule
        decided |= {("classify", "rules", rules.index(rule))} if rule in rules else set()
        for above, names, step in filters:
            name = step(alert, found).rule
            decided |= {(*above, names.index(name))} if name in names else set()
        held = {verdict.rule for verdict in route(alert, found).verdicts}
        decided |= {("routes", place) for place in range(len(of.routes)) if f"routes[{place}]" in held}
    return decided


def test_rule_in_vain_decides_for_none_of_500_random_alerts() -> None:
    draw = Random(7)
    seen = [(some_alert(draw), some_classification(draw)) for _ in range(500)]
    kinds: Counter[Kind] = Counter()
    decided = 0
    for _ in range(CONFIGS):
        drawn = config(draw)
        vain = {doubt.path: doubt.kind for doubt in doubts(drawn) if doubt.kind in IN_VAIN}
        kinds.update(vain.values())
        deciding = _deciding(drawn, seen)
        decided += len(deciding)
        assert deciding & vain.keys() == set(), drawn
    assert min(kinds[kind] for kind in IN_VAIN) > CONFIGS / 4, kinds
    assert decided > 5 * CONFIGS


def _kinds(**sections: object) -> dict[str, str]:
    """Where and what, in the words of the file."""
    found = doubts(Config.model_validate(sections))
    return {".".join(map(str, doubt.path)): doubt.kind.value for doubt in found}


def _target(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "kind": "webhook", **more}


def test_rule_for_critical_alerts_that_forgets_to_say_so_is_told() -> None:
    rule = {"name": "storm", "severity": ["critical"]}
    assert _kinds(filter=[rule]) == {"filter.0": "never-holds"}
    assert _kinds(filter=[{**rule, "critical": True}]) == {"filter.0.critical": "hides-critical"}


def test_rule_that_ends_critical_alerts_is_told_and_one_that_cannot_is_not() -> None:
    hides = {"name": "x", "critical": True, "when": 'a="b"'}
    assert _kinds(filter=[hides]) == {"filter.0.critical": "hides-critical"}
    assert _kinds(targets=[_target("t", filter=[hides])]) == {"targets.0.filter.0.critical": "hides-critical"}
    for changes in ({"action": "allow"}, {"severity": ["noise"]}, {"critical": False}):
        assert _kinds(filter=[{**hides, **changes}]) == {}


@pytest.mark.parametrize("match", ['alertname="NodeDown"', 'type="security"', 'alertname=~"OOM|HighCPU",team="x"'])
def test_own_rule_behind_the_table_that_always_decides_first_is_told(match: str) -> None:
    own = {"name": "own", "match": match, "severity": "info"}
    assert _kinds(classify={"rules": ["builtin", own]}) == {"classify.rules.1": "unreachable"}
    assert _kinds(classify={"rules": [own, "builtin"]}) == {}


@pytest.mark.parametrize("match", ['alertname="DiskFull"', 'alertname=~"NodeDown|Mine"', 'alertname=~"Node.*"', "{}"])
def test_own_rule_behind_the_table_that_may_yet_decide_is_not_told(match: str) -> None:
    own = {"name": "own", "match": match, "severity": "info"}
    assert _kinds(classify={"rules": ["builtin", own]}) == {}


def test_route_behind_one_that_takes_all_is_shadowed_unless_that_goes_on() -> None:
    targets = [_target("a"), _target("b")]
    behind = {"to": ["b"], "match": 'x="y"'}
    assert _kinds(routes=[{"to": ["a"]}, behind], targets=targets) == {"routes.1": "shadowed"}
    assert _kinds(routes=[{"to": ["a"], "continue": True}, behind], targets=targets) == {}


def test_enabled_target_that_nothing_names_is_told_if_there_are_routes() -> None:
    targets = [_target("a", fallback="b"), _target("b"), _target("c"), _target("d", enabled=False)]
    assert _kinds(routes=[{"to": ["a"]}], targets=targets) == {"targets.2": "never-told"}
    assert _kinds(targets=targets) == {}


def test_rate_is_slow_if_the_second_critical_alert_waits_beyond_its_deadline() -> None:
    assert _kinds(targets=[_target("a", rate=1 / 3601)]) == {"targets.0.rate": "slow-rate"}
    assert _kinds(targets=[_target("a", rate=1 / 3600)]) == {}
    deadline = {"deadline": {"critical": "2h"}}
    assert _kinds(targets=[_target("a", rate=1 / 3601)], publish=deadline) == {}
