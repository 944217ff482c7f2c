"""Counts what a model contributed, by the decisions that record it. Pure, fed with records of the decisions topic.

An alert that was decided again after a crash counts again; an answer counts once, however many alerts it served.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import orjson

from alerts.advice import Answer, How, from_plain
from alerts.decision import Severity
from alerts.errors import FormatError

VERSION = 1  # of decisions

LOWER, SAME, HIGHER = "lower", "same", "higher"
"""An answer's severity beside what the rules alone said."""

# As the guard rails rank them (flows/guard_rails.py).
_RANK = {Severity.CRITICAL: 3, Severity.WARNING: 2, Severity.UNKNOWN: 2, Severity.INFO: 1, Severity.NOISE: 0}
_ASKS_NOBODY = frozenset({How.RESOLVED, How.UNRECORDED})

Row = dict[str, Any]


class Difference(NamedTuple):
    """Where a model and the rules do not agree."""

    rule: str
    template: str
    rules_say: str
    model_says: str

    @property
    def kind(self) -> str:
        """Whether the model is `lower` or `higher`."""
        return compared(self.model_says, self.rules_say)


class AdviceCount:
    """What was counted so far."""

    def __init__(self, since_ms: int, until_ms: int) -> None:
        """Count alerts accepted from `since_ms` until before `until_ms`."""
        self._since_ms, self._until_ms = since_ms, until_ms
        self._answers: dict[tuple[str, int], Answer] = {}
        self.judged = 0
        """Alerts that were judged, with or without a model."""
        self.by_how: Counter[str] = Counter()
        self.guards: Counter[str] = Counter()
        self.compared: Counter[str] = Counter()
        self.differences: Counter[Difference] = Counter()
        self.names: dict[str, str] = {}
        """By template: the name of an alert of it."""

    def take(self, value: bytes) -> None:
        """One record.

        Raises:
            FormatError: It is none of the decisions topic, or of a version this Winnow does not know.
        """
        try:
            record = orjson.loads(value)
            if record["v"] != VERSION:
                raise FormatError(f"decisions of version {record['v']!r}; this Winnow reads {VERSION}")
            for row in record.get("decisions", ()):
                if self._since_ms <= row["accepted_ms"] < self._until_ms and "classify" in row:
                    self._judged(row)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"no record of decisions: {type(error).__name__}") from error

    def _judged(self, row: Row) -> None:
        self.judged += 1
        if "advice" in row:
            self._advised(row["name"], row["advice"])

    def _advised(self, name: str, plain: Row) -> None:
        advice = from_plain(plain)
        self.by_how[advice.how.value] += 1
        answer = advice.answer
        if answer is None:
            return
        if answer.at_ms >= self._since_ms:
            self._answers.setdefault((advice.template, answer.at_ms), answer)
        self.guards.update(plain.get("guards", ()))
        alone = plain.get("alone")
        if alone is None:
            return
        found = compared(answer.severity, alone["severity"])
        self.compared[found] += 1
        if found != SAME:
            difference = Difference(str(alone["rule"]), advice.template, str(alone["severity"]), answer.severity.value)
            self.differences[difference] += 1
            self.names.setdefault(advice.template, name)

    @property
    def answers(self) -> int:
        """How many came since then and were used for an alert."""
        return len(self._answers)

    @property
    def tokens(self) -> int:
        """What they took."""
        return sum(answer.tokens for answer in self._answers.values())

    @property
    def models(self) -> Counter[str]:
        """How many answers each model gave."""
        return Counter(answer.model for answer in self._answers.values())

    @property
    def hit_rate(self) -> float | None:
        """The share of alerts whose answer was there already, among all that may ask; None: there were none."""
        asking = sum(count for word, count in self.by_how.items() if word not in _ASKS_NOBODY)
        return self.by_how[How.CACHED] / asking if asking else None

    def took_ms(self, share: float) -> int | None:
        """In what time this share of the answers had come; None: there were none."""
        times = sorted(answer.took_ms for answer in self._answers.values())
        return times[min(len(times) - 1, int(share * len(times)))] if times else None


def compared(model_says: str, rules_say: str) -> str:
    """`lower`, `same` or `higher`."""
    model, rules = _RANK[Severity(model_says)], _RANK[Severity(rules_say)]
    return SAME if model == rules else LOWER if model < rules else HIGHER
