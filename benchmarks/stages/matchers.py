"""Alertmanager matchers: read, and asked of labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import re2

from alerts.matchers import parse
from benchmarks.bodies import labels
from benchmarks.stage import Limit, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settings import Bench

_COUNT = 1000
_RULES = 100
_PATTERN = "api-.*[05][.]example[.]com:9090"


def stages(_: Bench) -> Iterator[Stage]:
    """CPU a question; the limits compare by hand, or ask re2 alone."""
    sets = [labels(number) for number in range(_COUNT)]
    compared = Limit(
        "compare by hand", lambda: [one.get("team") == "payments" and one.get("job") == "api" for one in sets]
    )
    yield _stage("matchers, two equal", 'team="payments",job="api"', sets, compared)
    yield _stage("matchers, regex, values seen before", f'instance=~"{_PATTERN}"', sets, _re2(sets))
    yield _new(sets)
    names = [f"HighErrorRate{number}" for number in range(_RULES)]
    rules = [parse(f'alertname=~"{name}",team!="x"') for name in names]
    few = sets[:10]
    yield Stage(
        f"matchers, {_RULES} rules",
        "question",
        len(few) * _RULES,
        lambda: len([rule.matches(one) for one in few for rule in rules]),
        Limit(
            "compare by hand",
            lambda: [one.get("alertname") == name and one.get("team") != "x" for one in few for name in names],
        ),
    )
    text = 'severity="critical",team=~"db|web",instance!="x"'
    words = Limit("split into words by re", lambda: re.findall(r'\w+|[=!~]+|"[^"]*"|,', text))
    yield Stage("matchers, read", "text", 1, lambda: int(len(parse(text).matchers) == 3), words)


def _stage(what: str, text: str, sets: list[dict[str, str]], limit: Limit) -> Stage:
    matchers = parse(text)
    return Stage(what, "question", len(sets), lambda: len([matchers.matches(one) for one in sets]), limit)


def _new(sets: list[dict[str, str]]) -> Stage:
    """Each call asks matchers of its own, which remember no answers yet."""

    def run() -> int:
        matchers = parse(f'instance=~"{_PATTERN}"')
        return len([matchers.matches(one) for one in sets])

    return Stage("matchers, regex, values never seen", "question", len(sets), run, _re2(sets))


def _re2(sets: list[dict[str, str]]) -> Limit:
    pattern = re2.compile(_PATTERN)
    return Limit("re2 alone", lambda: [pattern.fullmatch(one["instance"]) for one in sets])
