"""What a model's answer may change: it adds and raises, it never hides and never lowers. Pure.

The severity is never below what the rules alone say; an answer below that changes nothing at all. What the rules
recommend, and their category, stay. And whoever would be told by the rules alone is told in any case (`Judged.alone`,
see filter and route). So no answer whatsoever takes a page from anybody, or the operator's words out of it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from alerts.advice import Advice, Answer, How
from alerts.decision import Classification, Judge, Severity

if TYPE_CHECKING:
    from flows.steps.classify import Judged

FLOOR = "floor"
"""The answer was below what the rules say."""

_NO_CATEGORY = "unknown"
# Unknown is what is left when a rule raised: doubt, which ranks as what pages somebody.
_RANK = MappingProxyType(
    {Severity.CRITICAL: 3, Severity.WARNING: 2, Severity.UNKNOWN: 2, Severity.INFO: 1, Severity.NOISE: 0}
)


def weigh(judged: Judged, advice: Advice) -> Judged:
    """What an alert is taken for with the answer, if there is one, beside what the rules alone say."""
    answer = advice.answer
    if answer is None:
        return judged._replace(advice=advice)
    key = (id(judged.told), id(judged.weighed), id(answer), id(advice.how))
    known = _known.get(key)
    if known is None:
        if len(_known) >= _KNOWN_MAX:
            _known.clear()
        # With what the key was made of, so that nothing else gets these ids.
        known = _known[key] = (_weigh(judged, advice, answer), judged, answer)
    return known[0]


# Few rules and answers meet, but in each alert: to look up costs a quarter of what it costs to weigh.
_known: dict[tuple[int, int, int, int], tuple[Judged, Judged, Answer]] = {}
_KNOWN_MAX = 4096


def _weigh(judged: Judged, advice: Advice, answer: Answer) -> Judged:
    if _RANK[answer.severity] < _RANK[judged.weighed.severity]:
        # What it is surer or calmer about is an opinion; the decision keeps it, and nobody is told.
        return judged._replace(alone=judged.weighed, advice=advice, guards=(FLOOR, *answer.guards))
    source = Judge.LLM if advice.how is How.ANSWERED else Judge.CACHE
    told = _with(judged.told, answer, source)
    weighed = told if judged.weighed is judged.told else _with(judged.weighed, answer, source)
    return judged._replace(told=told, weighed=weighed, alone=judged.weighed, advice=advice, guards=answer.guards)


def _with(rules: Classification, answer: Answer, source: Judge) -> Classification:
    """What the rules say, raised and added to: their category and what they recommend stay in front."""
    return Classification(
        answer.severity if _RANK[answer.severity] > _RANK[rules.severity] else rules.severity,
        answer.category if rules.category == _NO_CATEGORY else rules.category,
        answer.confidence,
        source,
        answer.model,
        tuple(dict.fromkeys((*rules.recommendations, *answer.recommendations))),
        answer.reasoning,
    )
