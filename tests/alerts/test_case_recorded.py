"""Any history of an alert becomes a case that expects it, and passes under the configuration that decided it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from alerts.advice import Advice, How
from alerts.case_file import parse
from alerts.case_recorded import Kept, recorded, text
from alerts.config import Config
from alerts.decision import Severity
from alerts.record import Stored, decode, open_alert
from connectors.targets.webhook import Config as Webhook
from flows.again import again
from tests.support.advice import ANSWER
from tests.support.events import NOW_MS, STARTS_AT
from tests.support.whole_flow import webhook
from winnow._trial import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.request import Message

LABELS = {"alertname": "Down", "severity": "warning", "empty": "", "odd": "\u202e\U0001f600${X} $$ 'a' \\x: #\ue000"}
LLM = {"base_url": "http://127.0.0.1:1/v1", "model": "small"}
ANSWERS = [None, *(ANSWER._replace(severity=one, confidence=0.0) for one in Severity if one is not Severity.UNKNOWN)]


def config(chance: random.Random) -> Config:
    sections: dict[str, Any] = {
        "dedup": {"window": chance.choice(["10m", "1h", "4h"])},
        "filter": [
            {"name": "night", "hours": {"start": "20:00", "end": "22:00"}},
            {"name": "late", "status": "resolved", "ended_before": "30m"},
            {"name": "endless", "status": "resolved", "started_before": "10h"},
        ],
        "routes": [
            {"severity": ["critical"], "to": ["oncall"], "continue": chance.random() < 0.5},
            {"to": ["chat"], "category": chance.choice([[], ["database"]])},
        ],
        "classify": {"llm": chance.choice([LLM, None])},
    }
    targets = [
        Webhook.model_validate({"name": name, "kind": "webhook", "url": "https://example.com"})
        for name in ("oncall", "chat")
    ]
    return Config.model_validate(sections).model_copy(update={"targets": targets})


def history(chance: random.Random) -> Iterator[Stored]:
    """One alert that flaps, repeats and is late."""
    minutes, starts_at = 0, STARTS_AT
    for number in range(chance.randint(1, 14)):
        minutes += chance.choice([0, 1, 9, 10, 29, 60, 61, 119, 300])
        if chance.random() < 0.3:
            starts_at = f"2025-11-24T15:{chance.randint(10, 59)}:00.{chance.randint(0, 10**9 - 1):09}Z"
        alert: dict[str, object] = {
            "status": chance.choice(["firing", "firing", "resolved"]),
            "labels": LABELS,
            "startsAt": starts_at,
            "endsAt": chance.choice(["0001-01-01T00:00:00Z", "2025-11-24T16:30:00Z", None]),
            "annotations": {"n": str(chance.randint(0, 1))},
        }
        for stored in webhook(alert, number=number):
            yield stored._replace(accepted_ms=NOW_MS + minutes * 60_000 + chance.randint(-500, 500))


def kept(under: Config, records: list[Stored], answers: dict[str, Advice]) -> list[Kept]:
    """What the records hold, with what is decided of it."""
    decisions: dict[str, Any] = {}

    def take(message: Message) -> None:
        decisions.update((row["id"], row) for row in orjson.loads(message.value)["decisions"])

    again(under, records, answers, take)
    arrivals = [one for stored in records for one in decode(stored.value, stored.accepted_ms)]
    return [Kept(open_alert(one), decisions[one.id]) for one in arrivals]


@pytest.mark.parametrize("seed", range(60))
def test_any_history_becomes_a_case_that_passes(seed: int) -> None:
    chance = random.Random(seed)
    under, records = config(chance), list(history(chance))
    answers = {
        f"{number:032x}-0": Advice("a" * 16, How.ANSWERED, chance.choice(ANSWERS)) for number in range(len(records))
    }
    happened = kept(under, records, answers)
    seen = happened[chance.randint(0, len(happened) // 2) :]
    case = recorded(seen)
    if case is None:
        passed = [one.alert.status for one in seen if one.decision is not None and "transition" in one.decision]
        assert "firing" not in passed
        return
    (planned,) = parse(text(case), "c.yaml", {})
    assert [step.expect is not None for step in planned.case.steps] == [True] * len(planned.events)
    assert [step.points for step in check(under, planned.events) if not step.holds] == []
    assert {event.submission.labels["odd"] for event in planned.events} == {LABELS["odd"]}
