"""What a model had said of the alerts that fire: their resolves are weighed by the same answer. Pure.

So a resolve goes to whomever its firing was told because of the model, however old the answer is by then; and one whose
firing was told by the rules alone goes by these alone, whatever the model says since.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TypedDict

import orjson

from alerts.advice import Advice, How, from_plain, to_plain

NOTHING = Advice("", How.RESOLVED, None)
"""Of a resolve whose firing was told by the rules alone, or is not remembered."""

TOLD_MAX = 10_000
"""Alerts of one partition; the oldest are forgotten, and their resolves go by the rules."""

ANSWERS_MAX = 1000
"""Answers of one partition; what no alert needs any more goes first."""


class Saved(TypedDict):
    """What a snapshot holds."""

    alerts: dict[str, int]
    """By fingerprint: the number of the answer its firing was weighed by."""
    answers: dict[int, bytes]
    """By number: JSON of `alerts.advice.to_plain`."""


class Told:
    """Remembers by fingerprint; of one partition."""

    def __init__(self, saved: Saved | None = None) -> None:
        # A dict would look at all that was forgotten to find its oldest.
        self._alerts: OrderedDict[str, int] = OrderedDict()
        self._answers: dict[int, Advice] = {}
        self._plain: dict[int, bytes] = {}
        self._numbers: dict[int, int] = {}
        """By the identity of an answer, which is held by its advice: its number."""
        self._next = 0
        if saved is not None:
            kept = {number: from_plain(orjson.loads(plain)) for number, plain in saved["answers"].items()}
            for fingerprint, number in saved["alerts"].items():
                self.fired(fingerprint, kept[number])

    def fired(self, fingerprint: str, advice: Advice) -> None:
        """Remember what a firing was weighed by; nothing if there was no answer."""
        if advice.answer is None:
            self._alerts.pop(fingerprint, None)
            return
        number = self._numbers.get(id(advice.answer)) or self._number(advice)
        self._alerts[fingerprint] = number
        if len(self._alerts) > TOLD_MAX:
            self._alerts.popitem(last=False)

    def _number(self, advice: Advice) -> int:
        if len(self._answers) >= ANSWERS_MAX:
            self._sweep()
        self._next += 1
        self._numbers[id(advice.answer)] = self._next
        self._answers[self._next] = advice
        self._plain[self._next] = orjson.dumps(to_plain(advice))
        return self._next

    def _sweep(self) -> None:
        """Forget the answers that no alert was weighed by, and with them the alerts of the older half if all are."""
        used = set(self._alerts.values())
        if len(used) >= ANSWERS_MAX:
            used = set(sorted(used)[ANSWERS_MAX // 2 :])
            self._alerts = OrderedDict((one, number) for one, number in self._alerts.items() if number in used)
        self._answers = {number: advice for number, advice in self._answers.items() if number in used}
        self._plain = {number: self._plain[number] for number in self._answers}
        self._numbers = {id(advice.answer): number for number, advice in self._answers.items()}

    def resolved(self, fingerprint: str) -> Advice:
        """What its firing was weighed by, for its resolve; it is forgotten then."""
        number = self._alerts.pop(fingerprint, None)
        return NOTHING if number is None else self._answers[number]._replace(how=How.RESOLVED)

    def save(self) -> Saved:
        """What a snapshot holds: a copy."""
        return Saved(alerts=dict(self._alerts), answers=dict(self._plain))
