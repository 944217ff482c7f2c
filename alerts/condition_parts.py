"""What one rule asks, one thing at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alerts.condition import Condition
from alerts.config import When
from alerts.matchers import Matchers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.matchers import Matcher


class Part(NamedTuple):
    """One condition of a rule; the rule holds if all of them do."""

    word: str
    """Its key in winnow.yaml; `match` for a matcher."""
    value: object
    """As the models have it; a `Matchers` of one for a matcher."""
    condition: Condition
    """It alone."""


def parts(rule: When, matchers: Matchers | None) -> Iterator[Part]:
    """The matchers and what else is asked, in the order of the file's keys; none at all hold for every alert."""
    for matcher in matchers.matchers if matchers else ():
        yield _matcher(matcher)
    for word in When.model_fields:
        value = getattr(rule, word)
        if value not in (None, []):
            yield Part(word, value, Condition(When.model_validate({word: value}), None))


def _matcher(matcher: Matcher) -> Part:
    alone = Matchers((matcher,))
    return Part("match", alone, Condition(When(), alone))
