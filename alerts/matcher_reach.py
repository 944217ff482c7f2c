"""Which labels matchers can hold for, compared: what is said is proven, what is not may be so all the same."""

from __future__ import annotations

import re
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from alerts.matcher_syntax import Matcher, Op
from alerts.matchers import Matchers

if TYPE_CHECKING:
    from collections.abc import Iterable

# A pattern of these characters alone is a choice of texts: none but the bar has a meaning of its own.
_CHOICE = re.compile(r"[A-Za-z0-9_ /:@,|-]*", re.ASCII)
_NONE_OF = frozenset({Op.NOT_EQUAL, Op.NOT_REGEX})


class Reach:
    """What matchers, none of them missing, let a label's value be."""

    def __init__(self, matchers: Matchers | None) -> None:
        """Of None: of no matchers, which hold for every alert."""
        named = sorted(matchers.matchers if matchers else (), key=attrgetter("name"))
        self._of = {name: tuple(those) for name, those in groupby(named, key=attrgetter("name"))}
        self._tests = {name: Matchers(those) for name, those in self._of.items()}
        found = {name: self._possible(name, those) for name, those in self._of.items()}
        self._values = {name: values for name, values in found.items() if values is not None}

    def values(self, label: str) -> frozenset[str] | None:
        """All that the label can be, the empty text for a missing one; None: that is not known."""
        return self._values.get(label)

    def choices(self) -> Iterable[tuple[str, frozenset[str]]]:
        """The labels of which that is known."""
        return self._values.items()

    @property
    def is_empty(self) -> bool:
        """Whether they hold for no labels at all."""
        return any(not values for values in self._values.values())

    def lies_in(self, other: Reach) -> bool:
        """Whether wherever these hold, the others hold too."""
        if self.is_empty:
            return True
        return other._of.keys() <= self._of.keys() and all(self._implies(name, other) for name in other._of)

    def _implies(self, label: str, other: Reach) -> bool:
        values = self._values.get(label)
        if values is not None:
            return all(other._tests[label].matches({label: value}) for value in values)
        return all(one in self._of[label] or self._keeps_out(one) for one in other._of[label])

    def _keeps_out(self, matcher: Matcher) -> bool:
        """Whether the matcher only forbids values that these do not let pass either."""
        choice = _choice(matcher)
        return matcher.op in _NONE_OF and choice is not None and not any(self._admits(matcher.name, choice))

    def _admits(self, label: str, values: Iterable[str]) -> Iterable[bool]:
        return (self._tests[label].matches({label: value}) for value in values)

    def _possible(self, label: str, matchers: tuple[Matcher, ...]) -> frozenset[str] | None:
        choices = [choice for one in matchers if one.op not in _NONE_OF and (choice := _choice(one)) is not None]
        if not choices:
            return None
        return frozenset(value for value in min(choices, key=len) if self._tests[label].matches({label: value}))


def _choice(matcher: Matcher) -> frozenset[str] | None:
    """The values that it names one by one."""
    if matcher.op in {Op.EQUAL, Op.NOT_EQUAL}:
        return frozenset({matcher.value})
    return frozenset(matcher.value.split("|")) if _CHOICE.fullmatch(matcher.value) else None
