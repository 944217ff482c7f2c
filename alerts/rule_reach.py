"""Which alerts a rule can hold for, compared: what is said here is proven, what is not said may be so all the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from alerts.condition import within
from alerts.config import FilterRule
from alerts.decision import Severity
from alerts.matcher_reach import Reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Hours, Namespaces, When
    from alerts.matchers import Matchers

_ALL = frozenset(Severity)
_MONDAY = datetime(2024, 1, 1)  # noqa: DTZ001 a local time, of any zone


class RuleReach:
    """The alerts of a filter rule or a route, as `alerts.condition` has them."""

    def __init__(self, rule: When, matchers: Matchers | None) -> None:
        """Of a filter rule, what it has an effect on: without `critical` that is no critical alert."""
        self._when = rule
        self.labels = Reach(matchers)
        spared = {Severity.CRITICAL} if isinstance(rule, FilterRule) and not rule.critical else set()
        self.severities = frozenset(rule.severity or _ALL) - spared

    @property
    def is_empty(self) -> bool:
        """Whether it holds for no alert at all."""
        when = self._when
        spaces = when.namespaces
        return (
            self.labels.is_empty
            or not self.severities
            or (spaces is not None and bool(spaces.include) and set(spaces.include) <= set(spaces.exclude))
            # An alert with an end is asked for that end, one without for its start.
            or (when.ended_before is not None and when.started_before is not None)
        )

    def lies_in(self, other: RuleReach) -> bool:
        """Whether the other rule holds wherever this one does."""
        mine, theirs = self._when, other._when
        return (
            self.severities <= other.severities
            and (theirs.status is None or mine.status is theirs.status)
            and _is_among(mine.category, theirs.category)
            and _is_below(mine.confidence_below, theirs.confidence_below)
            and _is_older(mine.ended_before, theirs.ended_before)
            and _is_older(mine.started_before, theirs.started_before)
            and _is_in(mine.namespaces, theirs.namespaces)
            and _is_during(mine.hours, theirs.hours)
            and self.labels.lies_in(other.labels)
        )


def _is_among(mine: list[str], theirs: list[str]) -> bool:
    return not theirs or (bool(mine) and set(mine) <= set(theirs))


def _is_below(mine: float | None, theirs: float | None) -> bool:
    return theirs is None or (mine is not None and mine <= theirs)


def _is_older(mine: timedelta | None, theirs: timedelta | None) -> bool:
    return theirs is None or (mine is not None and mine >= theirs)


def _is_in(mine: Namespaces | None, theirs: Namespaces | None) -> bool:
    if theirs is None:
        return True
    include, exclude = (set(mine.include), set(mine.exclude)) if mine else (set(), set())
    if include:
        include -= exclude
        return not include & set(theirs.exclude) and (not theirs.include or include <= set(theirs.include))
    return not theirs.include and set(theirs.exclude) <= exclude


def _is_during(mine: Hours | None, theirs: Hours | None) -> bool:
    if theirs is None:
        return True
    inner, outer = (within(mine) if mine else None), within(theirs)
    # What clocks say at one moment in two zones is not compared.
    if mine is None or mine.zone != theirs.zone:
        return all(outer(at) for at in _moments(theirs))
    return all(outer(at) for at in _moments(mine, theirs) if inner is None or inner(at))


def _moments(*hours: Hours) -> Iterator[datetime]:
    """A moment of every part of the week in which none of them begins or ends."""
    ends = {end for one in hours for end in (one.start, one.end)} - {"24:00"}
    for day in range(7):
        for clock in {"00:00", *ends}:
            hour, minute = map(int, clock.split(":"))
            yield _MONDAY + timedelta(days=day, hours=hour, minutes=minute)
