from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.advice import Template
from alerts.config_llm import Llm
from alerts.prompt import INSTRUCTIONS
from connectors.llm_classify import body, read

TEMPLATE = Template("0123456789abcdef", (("alertname", "HighCPU"), ("job", "node")), (("summary", "<n> %"),))
SETTINGS = Llm(base_url="http://127.0.0.1:1", model="small", dialect="classify")
SAID = {
    "severity": 4,
    "category": "resource",
    "summary": "CPU is high",
    "confidence": 0.9,
    "reasoning": "It is.",
    "suggestions": ["Look"],
}


def answer(**changes: object) -> dict[str, object]:
    return {"classification": {**SAID, **changes}, "request_id": "1", "processing_time": "1ms", "error": ""}


def reply(**changes: object) -> dict[str, object]:
    said = read(answer(**changes)).reply
    assert isinstance(said, dict)
    return said


def test_template_is_asked_about_as_a_firing_alert() -> None:
    assert orjson.loads(body(SETTINGS, TEMPLATE, "2026-11-24T03:00:00Z")) == {
        "alert": {
            "alertname": "HighCPU",
            "status": "firing",
            "labels": {"alertname": "HighCPU", "job": "node"},
            "annotations": {"summary": "<n> %"},
            "startsAt": "2026-11-24T03:00:00Z",
            "fingerprint": "0123456789abcdef",
        },
        "model": "small",
        "prompt": INSTRUCTIONS,
    }


def test_template_with_broken_characters_can_be_asked_about() -> None:
    asked = orjson.loads(body(SETTINGS, TEMPLATE._replace(annotations=(("summary", "a\ud800"),)), ""))
    assert asked["alert"]["annotations"] == {"summary": "a\ufffd"}


@pytest.mark.parametrize(("level", "word"), [(1, "noise"), (2, "info"), (3, "warning"), (4, "critical")])
def test_levels_are_words(level: int, word: str) -> None:
    assert reply(severity=level) == {
        "severity": word,
        "category": "resource",
        "confidence": 0.9,
        "reasoning": "It is.",
        "recommendations": ["Look"],
    }


@pytest.mark.parametrize("level", [0, 5, True, "4", 4.0, None, [4]])
def test_there_are_no_other_levels(level: object) -> None:
    assert reply(severity=level)["severity"] == ""


def test_summary_stands_in_for_a_missing_reasoning() -> None:
    assert reply(reasoning="")["reasoning"] == "CPU is high"


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({**answer(), "error": "key canary is wrong"}, "the service answered with an error"),
        ({"classification": None}, "answered no classification"),
        ([], "answered no classification"),
        (None, "answered no classification"),
    ],
)
def test_what_is_no_classification_says_why(said: object, error: str) -> None:
    assert read(said).error == error


@given(st.dictionaries(st.sampled_from(list(SAID)), st.none() | st.integers(0, 9) | st.text() | st.lists(st.text())))
def test_any_classification_is_read(fields: dict[str, object]) -> None:
    said = read({"classification": orjson.loads(orjson.dumps(fields))})
    assert "severity" in said.reply
