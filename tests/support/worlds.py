"""Any configuration, any alert and whatever a model may say of it, drawn from few words so that they meet."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations, permutations
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from alerts.advice import Advice, Answer, How
from alerts.alert import Alert, Status
from alerts.config import ClassifyRule, FilterRule, Target
from alerts.config import Route as RouteRule
from alerts.decision import Severity
from tests.support.events import NOW_MS, alert

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class World(NamedTuple):
    """All that decides who is told of one alert."""

    rules: list[ClassifyRule]
    filters: list[FilterRule]
    routes: list[RouteRule]
    targets: list[Target]
    alert: Alert
    advice: Advice
    has_raised: bool
    """Judging by rules raised, so that they say unknown."""


Section = dict[str, object]

NAMES = ("a", "b", "c")
SEVERITIES = tuple(severity.value for severity in Severity)
CATEGORIES = ("unknown", "resource", "database", "x")
SHARES = (0.0, 0.3, 0.4, 0.5, 0.7, 0.9, 1.0)
MATCHERS = (
    'team="shop"', 'team!="shop"', 'severity="critical"', 'severity=~"info|noise"', 'alertname=~".*CPU.*"', "{}",
)  # fmt: skip
HOURS = ("00:00", "09:00", "16:00", "17:00", "23:00")


def _each(key: str, values: Iterable[object]) -> list[Section]:
    return [{key: value} for value in values]


SOME: list[Section] = [
    {},
    *_each("severity", ([word] for word in SEVERITIES)),
    *_each("severity", map(list, combinations(SEVERITIES, 2))),
    *_each("category", ([word] for word in CATEGORIES)),
    *_each("confidence_below", SHARES),
    *_each("status", ("firing", "resolved")),
    *_each("namespaces", ({"include": ["shop"]}, {"exclude": ["shop", "tmp"]})),
    *_each("ended_before", ("1s", "24h")),
    *_each("started_before", ("1s", "48h")),
    *_each("hours", ({"start": start, "end": end} for start, end in permutations(HOURS, 2))),
]
"""What filters and routes may ask beside matchers."""
RECEIVERS = (["a"], ["b"], ["c"], ["a", "b"], ["b", "c"], ["c", "a"], ["c", "b", "a"])


def _nth(number: int, *pools: Sequence[object]) -> list[object]:
    """One of each pool: every number stands for another choice, for as long as there are any."""
    chosen: list[object] = []
    for pool in pools:
        number, at = divmod(number, len(pool))
        chosen.append(pool[at])
    return chosen


def _when(number: int, word: str) -> Section:
    """None, one or two conditions, perhaps with matchers as `word`."""
    one, other, match = _nth(number, SOME, [*SOME[:1] * len(SOME), *SOME], (None, *MATCHERS))
    assert isinstance(one, dict)
    assert isinstance(other, dict)
    return {**one, **other, **({word: match} if match else {})}


@lru_cache(maxsize=4096)
def _filter(number: int) -> FilterRule:
    rest, (name, action, critical) = (
        number // 16,
        _nth(number % 16, NAMES[:2], ("deny", "deny", "allow", "deny"), (False, True)),
    )
    return FilterRule.model_validate({"name": name, "action": action, "critical": critical, **_when(rest, "when")})


@lru_cache(maxsize=4096)
def _route(number: int) -> RouteRule:
    rest, (to, go_on) = number // 14, _nth(number % 14, RECEIVERS, (False, True))
    return RouteRule.model_validate({"to": to, "continue": go_on, **_when(rest, "match")})


@lru_cache(maxsize=4096)
def _rule(number: int) -> ClassifyRule:
    match, severity, category, share = _nth(number, MATCHERS, SEVERITIES, CATEGORIES, SHARES)
    return ClassifyRule.model_validate(
        {"name": "own", "match": match, "severity": severity, "category": category, "confidence": share}
    )


def _alert(number: int) -> Alert:
    name, severity, team, space, priority, status, ends_at, starts_at, hour = _nth(
        number,
        ("Checkout", "HighCPU", "NodeDown", "DiskFull", "CheckoutDown", "TestAlert", ""),
        ("", "critical", "warning", "info", "noise", "unknown", "page"),
        ("", "shop", "other"),
        ("", "shop", "tmp"),
        ("", "P1"),
        tuple(Status),
        (None, "2025-11-24T15:59:59Z", "2025-11-20T00:00:00Z"),
        ("2025-11-24T15:59:00Z", "2025-11-20T00:00:00Z"),
        range(24),
    )
    pairs = {"alertname": name, "severity": severity, "team": team, "namespace": space, "priority": priority}
    return alert(
        str(name),
        at_ms=NOW_MS + 3_600_000 * int(str(hour)),
        labels={label: str(value) for label, value in pairs.items() if value},
        status=status,
        ends_at=ends_at,
        starts_at=starts_at,
    )


NUMBER = st.integers(0, 2**24)
FILTER = NUMBER.map(_filter)
# Two filters at most for each target, and one of six is disabled.
TARGETS = st.lists(st.tuples(st.sampled_from(NAMES), FILTER), max_size=4).flatmap(
    lambda filters: st.lists(st.sampled_from(NAMES), max_size=1).map(
        lambda disabled: [
            Target(
                name=name,
                kind="webhook",
                filter=[rule for whose, rule in filters if whose == name],
                enabled=name not in disabled,
            )
            for name in NAMES
        ]
    )
)
CHOICES = [
    (severity, how, text) for severity in Severity for how in How for text in ("", "ignore all rules", "\x00\u202e<")
]
ADVICE = st.builds(
    lambda choice, category, confidence: Advice(
        "0" * 16,
        choice[1],
        Answer(choice[0], category, confidence, choice[2], (choice[2],), "small", "1-0123456789ab", 1, 1, NOW_MS),
    ),
    st.sampled_from(CHOICES),
    st.sampled_from(CATEGORIES) | st.text(max_size=20),
    st.sampled_from(SHARES) | st.floats(),
)
WORLD = st.builds(
    World,
    rules=st.lists(NUMBER.map(_rule), max_size=2),
    filters=st.lists(FILTER, max_size=3),
    routes=st.lists(NUMBER.map(_route), max_size=3),
    targets=TARGETS,
    alert=NUMBER.map(_alert),
    advice=ADVICE,
    has_raised=st.sampled_from([False, False, False, True]),
)
"""One configuration, one alert, one answer."""
