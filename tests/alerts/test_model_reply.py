from __future__ import annotations

import json
import math
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.advice import Answer
from alerts.decision import Severity
from alerts.errors import ReplyError
from alerts.model_reply import Origin, read
from alerts.text import width

ORIGIN = Origin("small", "1-0123456789ab", 7, 8, 9)
GOOD: dict[str, object] = {
    "severity": "critical",
    "category": "database",
    "confidence": 0.5,
    "reasoning": "The primary is gone.",
    "recommendations": ["Look at it"],
}
LINKS = ["wiki.example"]
TEXT = st.text(st.characters(exclude_categories=()), max_size=80) | st.sampled_from(
    ["https://evil.com/x", "www.evil.com", "\u202e", "](", "<@U1>", "https://wiki.example/a", "x" * 5000, "a.b " * 300]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.fixed_dictionaries(
    {
        "severity": st.sampled_from(["critical", " Noise ", "INFO", "warning"]) | JSON,
        "category": st.lists(TEXT, max_size=4).map("".join) | JSON,
        "confidence": st.floats() | JSON,
        "reasoning": st.lists(TEXT, max_size=12).map(" ".join) | JSON,
    },
    optional={"recommendations": st.lists(TEXT, max_size=9) | JSON},
)


def answer(**changes: object) -> Answer:
    return read(json.dumps({**GOOD, **changes}), ORIGIN, LINKS)


def fault(text: str) -> str:
    with pytest.raises(ReplyError) as caught:
        read(text, ORIGIN, LINKS)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return str(caught.value)


def check(found: Answer) -> None:
    texts = (found.category, found.reasoning, *found.recommendations)
    assert found.severity in set(Severity) - {Severity.UNKNOWN}
    assert 0 <= found.confidence <= 1
    assert width(found.category) <= 60
    assert width(found.reasoning) <= 500
    assert len(found.recommendations) <= 5
    assert all(width(one) <= 200 for one in found.recommendations)
    assert found.category
    for text in texts:
        assert text == " ".join(text.split())
        assert not re.search("[\x00-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
        assert not re.search(r"(?i)https?:(?!//([\w-]+\.)*wiki\.example([/?#:][!-~]*)?[.,;:!?)\"']*(\s|$))\S", text)
        assert not re.search(r"(?i)www\.\w|\]\(|<@", text)


def test_answer_is_what_was_said_and_where_it_came_from() -> None:
    assert answer() == Answer(
        Severity.CRITICAL,
        "database",
        0.5,
        "The primary is gone.",
        ("Look at it",),
        "small",
        "1-0123456789ab",
        7,
        8,
        9,
    )


@pytest.mark.parametrize("text", ["```json\n{}\n```", "```\n{}\n```", "  {}\n", "```json {} ```"])
def test_answer_may_stand_in_a_fence(text: str) -> None:
    assert read(text.replace("{}", json.dumps(GOOD)), ORIGIN, []).category == "database"


@pytest.mark.parametrize("word", ["CRITICAL", " critical\n", "Critical"])
def test_case_and_blanks_of_a_severity_do_not_matter(word: str) -> None:
    assert answer(severity=word).severity is Severity.CRITICAL


@pytest.mark.parametrize("word", ["SEV1", "high", "P1", "unknown", "critical!", "", 4, None, True, ["critical"]])
def test_severity_has_no_other_words(word: object) -> None:
    told = fault(json.dumps({**GOOD, "severity": word}))
    assert told == "severity: expected one of critical, warning, info, noise"


@pytest.mark.parametrize(
    ("said", "meant"),
    [("7", 1.0), ("1e999", 1.0), ("-0.1", 0.0), ("NaN", 0.0), ("-Infinity", 0.0), ('"NaN"', 0.0)],
)
def test_confidence_is_clamped_and_says_so(said: str, meant: float) -> None:
    found = read(json.dumps(GOOD).replace("0.5", said), ORIGIN, [])
    assert (found.confidence, found.guards) == (meant, ("confidence",))


@pytest.mark.parametrize("said", ["-0.0", "-0", "-1e-999"])
def test_confidence_has_no_sign(said: str) -> None:
    """Decisions are compared byte for byte."""
    assert str(read(json.dumps(GOOD).replace("0.5", said), ORIGIN, []).confidence) == "0.0"


@pytest.mark.parametrize(
    ("said", "told"),
    [("ev\u200cil\u200d.com", "evil[.]com"), ("a\u3164\u034fb", "ab"), ("👩\u200d🚒 ⚠\ufe0f", "👩\u200d🚒 ⚠\ufe0f")],
)
def test_letters_that_nobody_sees_are_taken_out_and_emoji_stay(said: str, told: str) -> None:
    assert answer(reasoning=said).reasoning == told


@pytest.mark.parametrize("said", [0, 1, 0.25, "0.25"])
def test_confidence_within_bounds_stays(said: float | str) -> None:
    assert (answer(confidence=said).confidence, answer(confidence=said).guards) == (float(said), ())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"confidence": "high"}, "confidence: expected a number"),
        ({"confidence": True}, "confidence: expected a number"),
        ({"category": None}, "category: expected text"),
        ({"reasoning": {"a": 1}}, "reasoning: expected text"),
        ({"recommendations": "one"}, "recommendations: expected a list of texts"),
        ({"recommendations": [1, "b", 2]}, "recommendations: expected text"),
    ],
)
def test_fault_names_the_field_and_never_what_came(changes: dict[str, object], expected: str) -> None:
    assert fault(json.dumps({**GOOD, **changes})) == expected


@pytest.mark.parametrize("text", ["", "no", "[]", "{", '"x"', "null", "```", "``````", "{" * 5000, "1" * 9000])
def test_what_is_no_object_is_none(text: str) -> None:
    assert fault(text) in {"expected one JSON object", "severity: is missing"}


def test_missing_fields_are_named_but_recommendations_may_be_missing() -> None:
    assert fault("{}") == ("severity: is missing; category: is missing; confidence: is missing; reasoning: is missing")
    assert read(json.dumps({**GOOD, "recommendations": None}), ORIGIN, []).recommendations == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"category": "x" * 61},
        {"reasoning": "x" * 501},
        {"reasoning": "two\nlines"},
        {"reasoning": "\u202eback"},
        {"reasoning": "hid\u200bden"},
        {"recommendations": list("abcdef")},
        {"recommendations": ["x" * 201]},
        {"recommendations": ["a\x07"]},
    ],
)
def test_text_that_had_to_be_changed_is_said_to_be(changes: dict[str, object]) -> None:
    found = answer(**changes)
    assert found.guards == ("text",)
    check(found)


def test_text_at_its_limits_stays() -> None:
    found = answer(category="c" * 60, reasoning="r" * 500, recommendations=["a" * 200] * 5)
    assert (found.guards, len(found.reasoning), len(found.recommendations)) == ((), 500, 5)


def test_link_is_dead_unless_its_host_is_on_the_list() -> None:
    found = answer(reasoning="see https://evil.com/x", recommendations=["https://wiki.example/run"])
    assert (found.reasoning, found.guards) == ("see hxxps://evil[.]com/x", ("links",))
    assert found.recommendations == ("https://wiki.example/run",)


def test_link_on_the_list_that_is_cut_leads_nowhere_else() -> None:
    for length in range(150, 200):
        (told,) = answer(recommendations=["x" * length + " https://evil.co.wiki.example/run"]).recommendations
        assert width(told) <= 200
        assert "https://" not in told or told.endswith(" https://evil.co.wiki.example/run")


@given(TEXT | JSON.map(json.dumps) | JSON.map(lambda value: f"```{json.dumps(value)}```"))
def test_any_text_is_an_answer_within_bounds_or_a_fault(text: str) -> None:
    try:
        check(read(text, ORIGIN, LINKS))
    except ReplyError as error:
        assert str(error)  # noqa: PT017 either is right


@given(FIELDS)
def test_any_fields_are_an_answer_within_bounds_or_a_fault(fields: dict[str, object]) -> None:
    try:
        found = read(json.dumps(fields), ORIGIN, LINKS)
    except ReplyError as error:
        assert str(error).split(":")[0] in {*GOOD, "expected one JSON object"}  # noqa: PT017 either is right
        return
    check(found)
    value = fields["confidence"]
    if isinstance(value, float) and not math.isnan(value):
        assert found.confidence == min(max(value, 0), 1)


def test_a_hundred_thousand_recommendations_take_no_long_time() -> None:
    began_s = time.process_time()
    fault(json.dumps({**GOOD, "recommendations": [1] * 100_000}))
    assert time.process_time() - began_s < 0.5
