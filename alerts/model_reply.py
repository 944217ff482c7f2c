"""Reads what a model replied: an answer within the bounds of every field, or what is wrong with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from alerts.advice import Answer
from alerts.decision import Severity
from alerts.defang import defang
from alerts.errors import ReplyError
from alerts.surrogates import without_surrogates
from alerts.text import cut, one_line
from alerts.unseen import JOINERS, WIDTHLESS

if TYPE_CHECKING:
    from collections.abc import Sequence

CATEGORY_MAX_CHARS = 60
REASONING_MAX_CHARS = 500
RECOMMENDATION_MAX_CHARS = 200
RECOMMENDATIONS_MAX = 5

_WORDS = ("critical", "warning", "info", "noise")
_FENCE = "```"
_HIDDEN = re.compile(f"[{WIDTHLESS}]|(?<=[ -~])[{JOINERS}]|[{JOINERS}](?=[ -~])")


class Origin(NamedTuple):
    """Where a reply came from, and what it cost."""

    model: str
    prompt: str
    tokens: int
    took_ms: int
    at_ms: int


def _severity(value: object) -> str:
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in _WORDS:
        raise ValueError(f"expected one of {', '.join(_WORDS)}")
    return word


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("expected a number")  # noqa: TRY004 pydantic wants ValueError
    return value


def _first(value: object) -> object:
    # One more than is kept, to see that there were more. Of a hundred thousand none but these are looked at.
    return value[: RECOMMENDATIONS_MAX + 1] if isinstance(value, list) else [] if value is None else value


class _Fields(BaseModel):
    """As `alerts.prompt.SCHEMA` asks for it; what else is there is left out."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    severity: Annotated[Severity, BeforeValidator(_severity)]
    category: str
    confidence: Annotated[float, BeforeValidator(_number)]
    reasoning: str
    recommendations: Annotated[list[str], BeforeValidator(_first)] = []


_EXPECTED = {
    "missing": "is missing",
    "json_invalid": "expected one JSON object",
    "json_type": "expected one JSON object",
    "model_type": "expected one JSON object",
    "string_type": "expected text",
    "string_unicode": "expected text",
    "list_type": "expected a list of texts",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
}


def read(reply: str | dict[str, object], origin: Origin, links: Sequence[str]) -> Answer:
    """The answer in a reply, which may stand in a code fence.

    Args:
        reply: All that the model replied; what is parsed already holds no surrogates.
        origin: Goes into the answer as it is.
        links: Hosts to which links stay links.

    Raises:
        ReplyError: It is none; the text names each faulty field and never what came.
    """
    faults = ""
    try:
        fields = (
            _Fields.model_validate_json(_unfenced(without_surrogates(reply)))
            if isinstance(reply, str)
            else _Fields.model_validate(reply)
        )
    except ValidationError as error:
        faults = "; ".join(dict.fromkeys(_fault(one["loc"], one["type"], one["msg"]) for one in error.errors()))
    # Outside the `except`: pydantic's error carries what came.
    if faults:
        raise ReplyError(faults)
    return _answer(fields, origin, links)


def _unfenced(text: str) -> str:
    text = text.strip()
    if len(text) < 2 * len(_FENCE) or not (text.startswith(_FENCE) and text.endswith(_FENCE)):
        return text
    inside = text[len(_FENCE) : -len(_FENCE)].strip()
    return inside.removeprefix("json").removeprefix("JSON").strip()


def _fault(place: tuple[int | str, ...], kind: str, message: str) -> str:
    field = str(place[0]) if place else ""
    said = _EXPECTED.get(kind) or (message.removeprefix("Value error, ") if kind == "value_error" else "is not valid")
    return f"{field}: {said}" if field else said


def _answer(fields: _Fields, origin: Origin, links: Sequence[str]) -> Answer:
    guards: set[str] = set()
    # Plus zero: decisions are compared byte for byte, and -0.0 is written with its sign.
    confidence = min(max(fields.confidence, 0.0), 1.0) + 0.0 if fields.confidence == fields.confidence else 0.0
    if confidence != fields.confidence:
        guards.add("confidence")
    if len(fields.recommendations) > RECOMMENDATIONS_MAX:
        guards.add("text")
    told = [
        _fitted(one, RECOMMENDATION_MAX_CHARS, links, guards) for one in fields.recommendations[:RECOMMENDATIONS_MAX]
    ]
    return Answer(
        severity=fields.severity,
        category=_fitted(fields.category, CATEGORY_MAX_CHARS, links, guards) or "unknown",
        confidence=confidence,
        reasoning=_fitted(fields.reasoning, REASONING_MAX_CHARS, links, guards),
        recommendations=tuple(one for one in told if one),
        model=origin.model,
        prompt=origin.prompt,
        tokens=origin.tokens,
        took_ms=origin.took_ms,
        at_ms=origin.at_ms,
        guards=tuple(sorted(guards)),
    )


def _fitted(text: str, limit: int, links: Sequence[str], guards: set[str]) -> str:
    """`text` in one line of at most `limit` characters; what had to be done to it is added to `guards`."""
    line = one_line(_HIDDEN.sub("", text[: 4 * limit]))
    dead = defang(line, links)
    # Twice: a link that stays may be cut so that it leads elsewhere. What the second takes away is within that link.
    short = cut(defang(cut(dead, limit), links), limit)
    if line != text.strip() or len(dead) > limit:
        guards.add("text")
    if dead != line or short != cut(dead, limit):
        guards.add("links")
    return short
