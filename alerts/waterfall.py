"""Where the time of one alert event went: spans in milliseconds from its acceptance on."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

from alerts.instant import instant_ms, is_zero

Row = dict[str, Any]


class Span(NamedTuple):
    """One stretch of time."""

    what: str
    from_ms: int
    to_ms: int
    """Both since the acceptance. Clocks differ; what would end before it began has no length."""
    detail: str


def waterfall(event: Row) -> list[Span]:
    """The spans of an event in the order they begin; what is not on record is left out.

    `sent` is the time between `startsAt` and the acceptance, by the sender's clock. `decided` ends when the decision
    was written to Kafka (`decided_ms`), and every delivery begins there. Of its tries only their number is on record.
    """
    accepted_ms = event["accepted_ms"]
    spans = []
    starts_at = event.get("starts_at", "")
    with suppress(ValueError):  # it is as the sender wrote it
        if not is_zero(starts_at):
            spans.append(_span("sent", instant_ms(starts_at) - accepted_ms, 0, "since startsAt"))
    decided_ms = max(0, event["decided_ms"] - accepted_ms)
    spans.append(_span("decided", 0, decided_ms, _waited(event)))
    for end in event["outcomes"]:
        if "retry" not in end:
            tries = "1 try" if end["tries"] == 1 else f"{end['tries']} tries"
            tries += ", replayed" if "replayed" in end else ""
            to_ms = end["ended_ms"] - accepted_ms
            spans.append(_span(f"{end['target']} {end['outcome']}", min(decided_ms, to_ms), to_ms, tries))
    return spans


def _span(what: str, from_ms: int, to_ms: int, detail: str) -> Span:
    return Span(what, from_ms, max(from_ms, to_ms), detail)


def _waited(event: Row) -> str:
    """Whether a model was waited for."""
    advice = event.get("advice", {})
    if advice.get("how") == "answered" and "answer" in advice:
        return f"its model took {advice['answer']['took_ms']} ms"
    return "its model was waited for in vain" if advice.get("how") == "late" else ""


def bar(span: Span, most_ms: int, width_chars: int) -> str:
    """A span as a bar; `most_ms` is where the width ends."""
    if most_ms <= 0:
        return "\N{MIDDLE DOT}" * width_chars
    first = min(width_chars - 1, max(0, span.from_ms) * width_chars // most_ms)
    last = max(first + 1, -(-span.to_ms * width_chars // most_ms))
    full = "\N{FULL BLOCK}" * (min(width_chars, last) - first)
    return ("\N{MIDDLE DOT}" * first + full).ljust(width_chars, "\N{MIDDLE DOT}")
