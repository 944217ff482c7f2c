"""What a model's advice was, in words."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from alerts.advice import How

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOW: Mapping[str, str] = MappingProxyType(
    {
        How.ANSWERED: "the alert waited for this answer",
        How.CACHED: "it was there already",
        How.LATE: "it did not come until the alert's deadline",
        How.FAILED: "the call failed, just now or shortly before",
        How.HELD_BACK: "the model had failed too often, or asked to be left alone",
        How.OVER_BUDGET: "the calls or tokens of the minute or the day were used up",
        How.STORM: "too many new templates came within a minute",
        How.TOO_MANY: "too many alerts were waiting already",
        How.RESOLVED: "a resolve waits for no model",
        How.UNRECORDED: "judged again, and no answer was on record",
    }
)
GUARDS: Mapping[str, str] = MappingProxyType(
    {
        "floor": "milder than what the rules say, whose severity holds",
        "confidence": "its confidence was not between 0 and 1",
        "text": "its text was cut or cleaned",
        "links": "links in its text were made unclickable",
    }
)

SPOKEN = frozenset({"why", "do"})
"""What `told` calls the lines in which a model speaks; they may hold line breaks."""


def how(word: str) -> str:
    """The word for how advice came about, and what it means."""
    return f"{word}: {HOW[word]}" if word in HOW else word


def guard(word: str) -> str:
    """The word for a guard rail, and what it did."""
    return f"{word}: {GUARDS[word]}" if word in GUARDS else word


def rule(found: Mapping[str, Any]) -> str:
    """A classification of the rules: what it says and by which rule."""
    by = f"{found['source']}: {found['rule']}, confidence {found['confidence']:g}"
    return f"{found['severity']}, {found['category']} ({by})"


def answer(said: Mapping[str, Any]) -> str:
    """What the model answered, before anything was weighed."""
    by = f"confidence {said['confidence']:g}, {said['tokens']} tokens, {said['took_ms']} ms, prompt {said['prompt']}"
    return f"{said['model']}: {said['severity']}, {said['category']} ({by})"


def reasons(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Why it says so, and what to do."""
    if said["reasoning"]:
        yield "why", said["reasoning"]
    for one in said["recommendations"]:
        yield "do", one


def told(advice: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Lines about the `advice` of a decision: what each is about, and what it says."""
    said = advice.get("answer")
    if said is None:
        yield "model", f"no answer, the rules decided ({how(advice['how'])})"
        return
    yield "model", f"{answer(said)}; {how(advice['how'])}"
    yield from reasons(said)
    if "alone" in advice:
        yield "rules", f"alone they said {rule(advice['alone'])}"
    for word in advice.get("guards", ()):
        yield "guard", guard(word)
