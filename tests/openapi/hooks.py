"""What OpenAPI cannot say of a body is made true of the valid ones schemathesis makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import schemathesis
from schemathesis import GenerationMode

from alerts.instant import instant_ms, is_zero

if TYPE_CHECKING:
    from schemathesis import Case, HookContext


@schemathesis.hook
def map_case(context: HookContext, case: Case[Any]) -> Case[Any]:
    """An alert of Prometheus' ends after it began, and has a label that is not empty."""
    if case.path == "/api/v2/alerts" and isinstance(case.body, list) and case.meta and not _is_negative(case):
        for alert in case.body:
            _put_right(alert)
    return case


def _is_negative(case: Case[Any]) -> bool:
    assert case.meta is not None
    return case.meta.generation.mode is GenerationMode.NEGATIVE


def _put_right(alert: Any) -> None:
    starts, ends = alert.get("startsAt"), alert.get("endsAt")
    if (
        isinstance(starts, str)
        and isinstance(ends, str)
        and not is_zero(ends)
        and instant_ms(ends) < instant_ms(starts)
    ):
        alert["startsAt"], alert["endsAt"] = ends, starts
    labels = alert["labels"]
    assert isinstance(labels, dict)
    if not any(labels.values()):
        labels[next(iter(labels))] = "one"
