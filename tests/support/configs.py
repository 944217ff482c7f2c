"""Configurations drawn at random from few words, so that rules meet and hide each other; and alerts to try them on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.alert import Alert, Status
from alerts.config import Config
from alerts.decision import Classification, Judge, Severity
from tests.support.events import NOW_MS, alert

if TYPE_CHECKING:
    from random import Random

Section = dict[str, object]

TARGETS = ("a", "b", "c", "d")
MATCHERS = (
    'team="shop"', 'team="web"', 'team=~"shop|web"', 'team!="db"', 'team!~"db|ops"', 'team=~"sh.*"', 'team=""',
    'team!=""', 'team!~"sh.*"', 'type="security"', 'type=~"security|x"', 'alertname="NodeDown"',
    'alertname="DiskFull"', 'alertname=~"NodeDown|HighCPU"', 'alertname=~".*CPU"', 'severity="critical"',
)  # fmt: skip
CONDITIONS: tuple[Section, ...] = (
    {}, {"severity": ["critical"]}, {"severity": ["warning", "critical"]}, {"severity": ["noise"]},
    {"category": ["unknown"]}, {"category": ["unknown", "x"]}, {"confidence_below": 0.5}, {"confidence_below": 0.9},
    {"status": "firing"}, {"status": "resolved"}, {"ended_before": "1h"}, {"ended_before": "24h"},
    {"started_before": "1h"}, {"namespaces": {"include": ["shop", "tmp"]}}, {"namespaces": {"include": ["shop"]}},
    {"namespaces": {"exclude": ["tmp"]}}, {"namespaces": {"include": ["shop", "tmp"], "exclude": ["tmp"]}},
    {"hours": {"start": "09:00", "end": "17:00"}},
    {"hours": {"start": "10:00", "end": "12:00", "days": ["mon", "tue"]}},
    {"hours": {"start": "22:00", "end": "06:00", "days": ["mon"]}}, {"hours": {"start": "00:00", "end": "24:00"}},
    {"hours": {"start": "00:00", "end": "05:00", "days": ["tue"]}},
    {"hours": {"start": "10:00", "end": "12:00", "zone": "Asia/Kolkata"}},
)  # fmt: skip


def _when(draw: Random, word: str) -> Section:
    """None to two conditions, and none to two matchers as `word`."""
    found: Section = {}
    for condition in draw.sample(CONDITIONS, draw.choice((0, 0, 0, 1, 1, 2))):
        found |= condition
    matchers = draw.sample(MATCHERS, draw.choice((0, 0, 1, 1, 2)))
    return {**found, **({word: ",".join(matchers)} if matchers else {})}


def filters(draw: Random, most: int) -> list[Section]:
    """Filter rules."""
    return [
        {
            "name": f"f{number}",
            "action": draw.choice(("deny", "deny", "allow")),
            "critical": draw.random() < 0.4,
            **_when(draw, "when"),
        }
        for number in range(draw.randint(0, most))
    ]


def _rules(draw: Random) -> list[object]:
    made: list[object] = [
        {
            "name": f"r{number}",
            "match": ",".join(draw.sample(MATCHERS, draw.choice((1, 1, 2)))),
            "severity": draw.choice(list(Severity)).value,
            "category": draw.choice(("unknown", "x")),
            "confidence": draw.choice((0.2, 0.6, 0.9)),
        }
        for number in range(draw.randint(0, 5))
    ]
    made.insert(draw.randint(0, len(made)), "builtin")
    return made


def config(draw: Random) -> Config:
    """A configuration without faults, some of whose rules are mostly in vain."""
    routes: list[Section] = [
        {"to": draw.sample(TARGETS, draw.choice((1, 1, 2))), "continue": draw.random() < 0.5, **_when(draw, "match")}
        for _ in range(draw.randint(0, 8))
    ]
    targets: list[Section] = [
        {"name": name, "kind": "webhook", "enabled": draw.random() < 0.8, "filter": filters(draw, 3)}
        for name in TARGETS
    ]
    return Config.model_validate(
        {
            "kafka": {"partitions": 4},
            "classify": {"rules": _rules(draw)},
            "filter": filters(draw, 6),
            "routes": routes,
            "targets": targets,
        }
    )


def some_alert(draw: Random) -> Alert:
    """An alert as the flow opens them: one that fires has no end."""
    labels = {
        "alertname": draw.choice(("NodeDown", "HighCPU", "DiskFull", "Checkout", "TestCPU")),
        "team": draw.choice(("", "shop", "web", "db", "ops", "shoes")),
        "type": draw.choice(("", "", "security", "Security", "x")),
        "severity": draw.choice(("", "critical", "warning", "noise", "page")),
        "namespace": draw.choice(("", "shop", "tmp", "other")),
    }
    status = draw.choice(list(Status))
    return alert(
        labels["alertname"],
        at_ms=NOW_MS + draw.randrange(7 * 24 * 60) * 60_000,
        labels={name: value for name, value in labels.items() if value},
        status=status,
        starts_at=draw.choice(("2025-11-24T15:59:00Z", "2025-11-20T00:00:00Z")),
        ends_at=draw.choice(("2025-11-24T15:59:30Z", "2025-11-20T01:00:00Z")) if status is Status.RESOLVED else None,
        annotations=draw.choice(({}, {}, {"description": "the error rate is high"})),
    )


def some_classification(draw: Random) -> Classification:
    """Whatever somebody may take an alert for."""
    severity, category = draw.choice(list(Severity)), draw.choice(("unknown", "x", "y"))
    return Classification(severity, category, draw.choice((0.0, 0.49, 0.5, 0.89, 0.9, 1.0)), Judge.RULES, "r")
