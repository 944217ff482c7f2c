"""The protocol of the earlier alert-history-service, which asked a service of its own to classify an alert.

Source: https://github.com/ipiton/alert-history-service, go-app/internal/infrastructure/llm
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from alerts.prompt import INSTRUCTIONS
from alerts.surrogates import without_surrogates
from connectors.llm_dialect import Said, field

if TYPE_CHECKING:
    from alerts.advice import Template
    from alerts.config_llm import Llm

PATH = "/classify"

_SEVERITIES = {1: "noise", 2: "info", 3: "warning", 4: "critical"}
_NAMES = {
    "category": "category",
    "confidence": "confidence",
    "reasoning": "reasoning",
    "suggestions": "recommendations",
}


def body(settings: Llm, template: Template, now: str) -> bytes:
    """The request about a template, as an alert that fires since `now` (RFC 3339)."""
    labels = _sendable(template.labels)
    alert = {
        "alertname": labels.get("alertname", ""),
        "status": "firing",
        "labels": labels,
        "annotations": _sendable(template.annotations),
        "startsAt": now,
        "fingerprint": template.id,
    }
    return orjson.dumps({"alert": alert, "model": settings.model, "prompt": INSTRUCTIONS})


def read(answer: object) -> Said:
    """The reply in the parsed body of an answer, in the words of `alerts.prompt.SCHEMA`."""
    if field(answer, "error"):
        return Said("", 0, "the service answered with an error")
    said = field(answer, "classification")
    if not isinstance(said, dict):
        return Said("", 0, "answered no classification")
    level = said.get("severity")
    fields: dict[str, object] = {ours: said[theirs] for theirs, ours in _NAMES.items() if theirs in said}
    # An empty one would say nothing to anybody.
    fields["reasoning"] = fields.get("reasoning") or said.get("summary")
    severity = _SEVERITIES.get(level, "") if isinstance(level, int) and not isinstance(level, bool) else ""
    fields["severity"] = severity
    return Said(fields, 0)


def _sendable(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {without_surrogates(name): without_surrogates(value) for name, value in pairs}
