"""The answer to a sender that waited, as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Row = dict[str, Any]


def lines(content: Mapping[str, Any]) -> Iterator[str]:
    """The whole in one line, then one for each alert and one for each of its targets."""
    yield f"  {content['status']}: {content['message']}, after {content['processing_time_ms']:.1f} ms"
    for result in content["alert_results"]:
        yield f"  {result['alert_name'] or '?'}: {result['status']}"
        if result["fingerprint"]:
            yield f"    fingerprint: {result['fingerprint']}"
        yield from (f"    {line}" for line in _alert(result))


def _alert(result: Row) -> Iterator[str]:
    found = result["classification"]
    if found is not None:
        judged = f"{found['severity']}, {found['category']} ({found['source']}, confidence {found['confidence']:g})"
        yield f"classify: {judged} in {result['classification_time_ms']:.3f} ms"
    if result["filter_reason"]:
        yield result["filter_reason"]
    for target in result["publishing_results"]:
        yield _target(target)
    if result["error_message"] and not result["publishing_results"]:
        yield result["error_message"]


def _target(target: Row) -> str:
    answer = "no answer" if target["status_code"] is None else f"answered {target['status_code']}"
    tries = "" if not target["retry_count"] else f", {target['retry_count'] + 1} tries"
    told = "told" if target["success"] else f"not told: {target['error_code']}: {target['error_message']}"
    name = f"{target['target_name']} ({target['target_type']})"
    if target["error_code"] == "PENDING":
        return f"publish: {name}: not told yet"
    return f"publish: {name}: {told}, {answer} in {target['processing_time_ms']:.1f} ms{tries}"
