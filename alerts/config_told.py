"""What one configuration tells otherwise than another, and where: of this nothing stands in decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pydantic import BaseModel

    from alerts.config import Config

# Who is told stands in decisions; these say it.
_DECIDED = frozenset({"name", "enabled", "filter"})


class Otherwise(NamedTuple):
    """A target, a rule or the section `publish` that both have, and that is not the same in both."""

    what: Literal["target", "publish", "rule"]
    name: str
    """Of the target or the rule of `classify.rules`; else empty."""
    fields: tuple[str, ...]
    """Those that differ, never what they hold."""
    is_used: bool
    """Whether anything was sent that it says something of."""


def otherwise(before: Config, after: Config, sent_to: Collection[str]) -> list[Otherwise]:
    """What differs, in the order of the file `before`; `sent_to` names the targets that were told under either."""
    reached = _reached(before, sent_to) | _reached(after, sent_to)
    found = [Otherwise("target", name, fields, name in reached) for name, fields in _targets(before, after)]
    if fields := _differing(before.publish, after.publish):
        found.append(Otherwise("publish", "", fields, bool(sent_to)))
    found += [Otherwise("rule", name, ("recommendations",), bool(sent_to)) for name in _rules(before, after)]
    return found


def _reached(config: Config, sent_to: Collection[str]) -> set[str]:
    """The targets, and those that stand in for them."""
    fallbacks = {target.name: target.fallback for target in config.targets}
    reached: set[str] = set()
    for name in sent_to:
        at: str | None = name
        while at is not None and at not in reached:
            reached.add(at)
            at = fallbacks.get(at)
    return reached


def _targets(before: Config, after: Config) -> Iterator[tuple[str, tuple[str, ...]]]:
    then = {target.name: target for target in after.targets}
    for target in before.targets:
        if target.name in then and (fields := _differing(target, then[target.name])):
            yield target.name, fields


def _rules(before: Config, after: Config) -> Iterator[str]:
    """Those that recommend something else; by which rule an alert is judged stands in decisions."""
    then = _recommended(after)
    for name, told in _recommended(before).items():
        if name in then and then[name] != told:
            yield name


def _recommended(config: Config) -> dict[str, list[str]]:
    rules = config.classify.rules if isinstance(config.classify.rules, list) else []
    return {rule.name: rule.recommendations for rule in rules if rule != "builtin"}


def _differing(before: BaseModel, after: BaseModel) -> tuple[str, ...]:
    """The fields of both that do not hold the same; of two kinds of target each has some of its own."""
    shared = [name for name in type(before).model_fields if name in type(after).model_fields and name not in _DECIDED]
    return tuple(name for name in shared if getattr(before, name) != getattr(after, name))
