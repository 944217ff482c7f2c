"""What a configuration says that can hardly be meant: nothing here keeps it from being used.

What is said is proven (`alerts.rule_reach`): a rule that is called unreachable decides for no alert whatsoever.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from alerts.alert import Alert, Envelope, Status
from alerts.builtin_rules import by_table
from alerts.decision import Severity
from alerts.matcher_reach import Reach
from alerts.record import NAME_MAX_CHARS
from alerts.rule_index import RuleIndex
from alerts.rule_reach import RuleReach

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from alerts.config import ClassifyRule, Config, FilterRule, Target
    from alerts.config_tree import Path


class Kind(StrEnum):
    """What is doubtful."""

    NEVER_HOLDS = "never-holds"
    """A rule that holds for no alert: what it asks excludes itself."""
    UNREACHABLE = "unreachable"
    """A rule that decides nothing: one before it always does."""
    SHADOWED = "shadowed"
    """A route that no alert comes to: one before it, without `continue`, takes all of them."""
    HIDES_CRITICAL = "hides-critical"
    """A rule that can end a critical alert."""
    NEVER_TOLD = "never-told"
    """An enabled target that no route and no fallback names."""
    SLOW_RATE = "slow-rate"
    """A target whose rate makes one of two critical alerts wait beyond its deadline."""
    PLAIN_SECRET = "plain-secret"  # noqa: S105 the word for it
    """A secret that stands in the file itself."""


class Doubt(NamedTuple):
    """One thing that is doubtful."""

    kind: Kind
    path: Path
    text: str


def doubts(config: Config) -> Iterator[Doubt]:
    """All of them, part by part of the file."""
    yield from _classify(config.classify.rules)
    yield from _filters(config.filter, ("filter",))
    yield from _routes(config)
    yield from _targets(config)


def _classify(rules: str | Sequence[ClassifyRule | str]) -> Iterator[Doubt]:
    above: dict[int, tuple[str, Reach]] = {}
    index, is_behind = RuleIndex(), False
    for place, rule in enumerate(() if isinstance(rules, str) else rules):
        if isinstance(rule, str):
            is_behind = True
            continue
        path, mine = ("classify", "rules", place), Reach(rule.match)
        if mine.is_empty:
            yield Doubt(Kind.NEVER_HOLDS, path, "its matchers exclude each other, so it holds for no alert")
            continue
        names = (above[other][0] for other in index.around(mine) if mine.lies_in(above[other][1]))
        cover = next(names, "builtin" if is_behind and _table_knows(mine) else None)
        if cover is not None:
            yield Doubt(Kind.UNREACHABLE, path, f"never decides, for {cover} above it holds wherever it does")
        above[place] = (f"rules[{place}] ({rule.name})", mine)
        index.add(place, mine)


def _table_knows(reach: Reach) -> bool:
    """Whether the built-in table has a row for all alerts that there can be."""
    names, types = reach.values("alertname"), reach.values("type")
    return all(
        by_table(_alert(name[:NAME_MAX_CHARS], status, kind))
        for name in names or [""]
        for kind in types or [""]
        for status in Status
    )


def _alert(name: str, status: Status, kind: str) -> Alert:
    envelope = Envelope("", "", "", "", "", 0)
    return Alert("", "", status, name, "", None, envelope, {"type": kind}, {}, "")


def _filters(rules: Sequence[FilterRule], above: Path) -> Iterator[Doubt]:
    reaches = [RuleReach(rule, rule.when) for rule in rules]
    covers = _covers(reaches, [True] * len(rules))
    for place, (rule, mine, cover) in enumerate(zip(rules, reaches, covers, strict=True)):
        path = (*above, place)
        if mine.is_empty:
            spared = rule.severity == [Severity.CRITICAL]
            why = "it asks for critical alerts, on which it has no effect without `critical: true`" if spared else ""
            yield Doubt(Kind.NEVER_HOLDS, path, why or "what it asks excludes itself, so it holds for no alert")
        elif cover is not None:
            first = f"{above[-1]}[{cover}] ({rules[cover].name})"
            yield Doubt(Kind.UNREACHABLE, path, f"never decides, for {first} above it holds wherever it does")
        elif rule.action == "deny" and Severity.CRITICAL in mine.severities:
            whom = "anybody" if above == ("filter",) else "this target"
            yield Doubt(
                Kind.HIDES_CRITICAL, (*path, "critical"), f"critical alerts can end here, before {whom} is told"
            )


def _covers(reaches: Sequence[RuleReach], ends: Sequence[bool]) -> Iterator[int | None]:
    """For each rule the place of the first above it that `ends` the search wherever it holds; None: there is none."""
    index = RuleIndex()
    for place, mine in enumerate(reaches):
        yield next((other for other in index.around(mine.labels) if mine.lies_in(reaches[other])), None)
        if ends[place]:
            index.add(place, mine.labels)


def _routes(config: Config) -> Iterator[Doubt]:
    routes = config.routes
    reaches = [RuleReach(route, route.match) for route in routes]
    takers = _covers(reaches, [not route.go_on for route in routes])
    for place, (mine, taker) in enumerate(zip(reaches, takers, strict=True)):
        if mine.is_empty:
            yield Doubt(Kind.NEVER_HOLDS, ("routes", place), "what it asks excludes itself, so it holds for no alert")
        elif taker is not None:
            name = routes[taker].name
            first = f"routes[{taker}]" + (f" ({name})" if name else "")
            text = f"no alert comes here, for {first} takes all of them and does not say continue: true"
            yield Doubt(Kind.SHADOWED, ("routes", place), text)


def _targets(config: Config) -> Iterator[Doubt]:
    enabled = [target for target in config.targets if target.enabled]
    named = {name for route in config.routes for name in route.to} | {target.fallback for target in enabled}
    longest = config.publish.deadline.critical
    for place, target in enumerate(config.targets):
        if not target.enabled:
            continue
        if config.routes and target.name not in named:
            yield Doubt(Kind.NEVER_TOLD, ("targets", place), "no route and no fallback names it, so it is never told")
        yield from _filters(target.filter, ("targets", place, "filter"))
        yield from _rate(target, longest, ("targets", place, "rate"))


def _rate(target: Target, longest: timedelta, path: Path) -> Iterator[Doubt]:
    if target.rate is not None and 1 / target.rate > longest.total_seconds():
        many, wait_s = target.burst + 1, 1 / target.rate
        text = f"of {many} critical alerts at once the last waits {wait_s:.0f} s, longer than publish.deadline.critical"
        yield Doubt(Kind.SLOW_RATE, path, text)
