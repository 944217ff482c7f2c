"""How many decisions told whom, and where the others ended. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from flows.decided import shapes
from flows.steps.filter import DENY
from flows.steps.route import NO_ROUTE, SKIPPED

if TYPE_CHECKING:
    from collections.abc import Iterable

# So many different ways to be decided are counted before they are added up; values that rules saw make more of them.
_SHAPES_MAX = 4096

Plain = dict[str, Any]


class Totals:
    """Counts decisions."""

    def __init__(self) -> None:
        self._shapes: Counter[bytes] = Counter()
        self.events = 0
        self._notifications: Counter[str] = Counter()
        self._severities: Counter[str] = Counter()
        self._suppressed: Counter[tuple[str, str]] = Counter()

    @classmethod
    def of(cls, *parts: Totals) -> Totals:
        """All that these have counted."""
        whole = cls()
        for part in parts:
            whole._merge(part)
        return whole

    def add(self, texts: Iterable[bytes]) -> None:
        """Count decisions, texts as `flows.decided.lines` has them."""
        self._shapes.update(shapes(texts))
        if len(self._shapes) > _SHAPES_MAX:
            self._fold()

    def plain(self) -> Plain:
        """Events, notifications by target, severities, and what was suppressed by step and rule, all sorted by name."""
        self._fold()
        suppressed: dict[str, dict[str, int]] = {}
        for (step, rule), count in sorted(self._suppressed.items()):
            suppressed.setdefault(step, {})[rule] = count
        return {
            "events": self.events,
            "notifications": _sorted(self._notifications),
            "severities": _sorted(self._severities),
            "suppressed": suppressed,
        }

    def _merge(self, other: Totals) -> None:
        other._fold()
        self.events += other.events
        self._notifications.update(other._notifications)
        self._severities.update(other._severities)
        self._suppressed.update(other._suppressed)

    def _fold(self) -> None:
        for found, count in self._shapes.items():
            self._count(orjson.loads(found), count)
        self._shapes.clear()

    def _count(self, row: Plain, count: int) -> None:
        self.events += count
        if "classify" not in row:
            self._suppressed["dedup", row["dedup"]["outcome"]] += count
            return
        self._severities[row["classify"]["severity"]] += count
        for name in row["targets"]:
            self._notifications[name] += count
        if row["filter"]["outcome"] == DENY:
            self._suppressed["filter", row["filter"]["rule"]] += count
        for verdict in row["route"]:
            if verdict["outcome"] == NO_ROUTE:
                self._suppressed["route", NO_ROUTE] += count
            elif verdict["outcome"] == SKIPPED:
                self._suppressed["target", verdict["rule"]] += count


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
