"""Dedup, classification, filter and routes once more, as the documents have them and as simply as can be.

Nothing of the product is used here: it is what the product is held against. Alerts are known by their labels, time is
seconds, a configuration is what winnow.yaml would hold, with matchers as (label, operator, value).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

Plain = dict[str, Any]
Memory = dict[Any, tuple[int, str]]
"""By alert: when it was last told, and as what."""


class Event(NamedTuple):
    """One alert of one webhook."""

    id: str
    at_s: int
    labels: dict[str, str]
    status: str

    @property
    def alert(self) -> Any:
        return tuple(sorted(self.labels.items()))


class Verdict(NamedTuple):
    """What becomes of an event."""

    targets: tuple[str, ...]
    severity: str | None
    step: str
    outcome: str
    rule: str


def judged(config: Plain, events: list[Event], memory: Memory) -> list[Verdict]:
    """What becomes of each event, in order; `memory` changes."""
    return [_judge(config, event, memory) for event in events]


def _judge(config: Plain, event: Event, memory: Memory) -> Verdict:
    told_s, told_as = memory.get(event.alert, (None, ""))
    if told_s is not None and told_as == event.status and event.at_s - told_s < config["window_s"]:
        return Verdict((), None, "dedup", "duplicate", "window")
    memory[event.alert] = (event.at_s, event.status)
    severity = _severity(config, event.labels, event.status)
    weighed = _severity(config, event.labels, "firing")
    action, rule = _filtered(config["filter"], event.labels, weighed)
    if action == "deny":
        return Verdict((), severity, "filter", "deny", rule)
    return _routed(config, event.labels, weighed, severity)


def _severity(config: Plain, labels: dict[str, str], status: str) -> str:
    label = labels.get("severity", "")
    for rule in config["rules"]:
        if _match(rule["match"], labels):
            return "critical" if label == "critical" else str(rule["severity"])
    if label in {"critical", "warning", "info", "noise"}:
        return label
    if "Down" in labels["alertname"]:
        return "critical"
    return "warning" if status == "firing" else "info"


def _filtered(rules: list[Plain], labels: dict[str, str], severity: str) -> tuple[str, str]:
    for rule in rules:
        if severity == "critical" and not rule.get("critical"):
            continue
        if _match(rule["match"], labels) and severity in rule.get("severity", [severity]):
            return rule["action"], rule["name"]
    return "allow", "default"


def _routed(config: Plain, labels: dict[str, str], weighed: str, severity: str) -> Verdict:
    names, held = _named(config, labels)
    told, skipped = [], []
    for target in config["targets"]:
        action, rule = _filtered(target["filter"], labels, weighed)
        if target["name"] in names and action == "deny":
            skipped.append(f"{target['name']}/{rule}")
        elif target["name"] in names:
            told.append(target["name"])
    told.sort(key=names.index)
    skipped.sort(key=lambda text: names.index(text.split("/")[0]))
    if told:
        return Verdict(tuple(told), severity, "route", "sent", ", ".join(held) or "everyone")
    if skipped:
        return Verdict((), severity, "route", "skipped", ", ".join(skipped))
    return Verdict((), severity, "route", "unrouted", "default")


def _named(config: Plain, labels: dict[str, str]) -> tuple[list[str], list[str]]:
    """The targets that routes name, and the routes."""
    names: list[str] = []
    held: list[str] = []
    for route in config["routes"]:
        if _match(route["match"], labels):
            names += route["to"]
            held.append(route["name"])
            if not route["continue"]:
                break
    return names if config["routes"] else [target["name"] for target in config["targets"]], held


def _match(matchers: list[tuple[str, str, str]], labels: dict[str, str]) -> bool:
    def holds(name: str, operator: str, value: str) -> bool:
        text = labels.get(name, "")
        if operator in {"=", "!="}:
            return (text == value) is (operator == "=")
        return bool(re.fullmatch(value, text)) is (operator == "=~")

    return all(holds(*one) for one in matchers)


class Told(NamedTuple):
    """One event that is decided otherwise."""

    id: str
    kinds: frozenset[str]
    before: Verdict
    after: Verdict
    moved: tuple[tuple[str, str], ...]
    """Target, and the event that tells it now."""


def differences(events: list[Event], before: list[Verdict], after: list[Verdict]) -> list[Told]:
    """What `docs/replay.md` says differs."""
    places = range(len(events))
    lost = {(place, name) for place in places for name in set(before[place].targets) - set(after[place].targets)}
    new = {(place, name) for place in places for name in set(after[place].targets) - set(before[place].targets)}
    moves = dict(_moves(events, lost, new))
    came = set(moves.values())
    found = []
    for place in places:
        told = _told(place, events, (before[place], after), (lost - set(moves), new - came, moves))
        is_where_others_went = any(one[0] == place for one in came) and not told.kinds - {
            "other reason",
            "other severity",
        }
        if told.kinds and not is_where_others_went:
            found.append(told)
    return found


def _moves(events: list[Event], lost: set[tuple[int, str]], new: set[tuple[int, str]]) -> Any:
    """The first that an alert lost went to the first that it has new, of the same target and status."""

    def about(one: tuple[int, str]) -> Any:
        return events[one[0]].alert, events[one[0]].status, one[1]

    for key in {about(one) for one in lost}:
        mine = sorted(one for one in lost if about(one) == key)
        theirs = sorted(one for one in new if about(one) == key)
        yield from zip(mine, theirs, strict=False)


def _told(place: int, events: list[Event], verdicts: Any, changes: Any) -> Told:
    (before, all_after), (lost, new, moves) = verdicts, changes
    after = all_after[place]
    went = [(name, moves[place, name][0]) for name in before.targets if (place, name) in moves]
    kinds = {"later" if where > place else "earlier" for _, where in went}
    is_less, is_more = any(one[0] == place for one in lost), any(one[0] == place for one in new)
    if is_less and is_more:
        kinds.add("other target")
    elif is_less or is_more:
        kinds.add("no longer sent" if is_less else "newly sent")
    shown = all_after[went[0][1]] if went and not after.targets else after
    if before.severity and shown.severity and before.severity != shown.severity:
        kinds.add("other severity")
    if set(before.targets) == set(after.targets) and before[2:] != after[2:]:
        kinds.add("other reason")
    moved = tuple((name, events[where].id) for name, where in went)
    return Told(events[place].id, frozenset(kinds), before, after, moved)
