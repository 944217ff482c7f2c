"""What a rule of winnow.yaml asks, in words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from alerts.condition_parts import parts
from alerts.config import Hours, Namespaces
from alerts.fields import spelled
from alerts.matchers import Matchers

if TYPE_CHECKING:
    from alerts.condition_parts import Part
    from alerts.config import When

_WORDS = {
    "severity": "classified {}",
    "category": "of category {}",
    "confidence_below": "confidence below {}",
    "ended_before": "ended {} ago or earlier",
    "started_before": "started {} ago or earlier and has no end",
}


def asked(rule: When, matchers: Matchers | None) -> list[str]:
    """Its conditions; none hold for every alert."""
    return [words(part) for part in parts(rule, matchers)]


def words(part: Part) -> str:
    """One condition."""
    value = part.value
    if isinstance(value, Matchers):
        return str(value)[1:-1]
    if isinstance(value, Namespaces):
        return _namespaces(value)
    if isinstance(value, Hours):
        days = f" on {', '.join(value.days)}" if value.days else ""
        return f"from {value.start} to {value.end} {value.zone}{days}"
    text = " or ".join(map(str, value)) if isinstance(value, list) else str(value)
    return _WORDS.get(part.word, "{}").format(spelled(value) if isinstance(value, timedelta) else text)


def _namespaces(value: Namespaces) -> str:
    lists = (("in namespace", value.include), ("in none of", value.exclude))
    return " and ".join(f"{word} {', '.join(names)}" for word, names in lists if names) or "in any namespace"
