"""What each step said of an alert, in words: of decisions as docs/decisions.md describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alerts.instant import rfc3339
from alerts.took import LONG_MS, took
from winnow import _advice

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]

_RECALLED = {
    "retried": "taken out of the dead letters, to be sent again",
    "duplicate": "taken out of the dead letters once more, not sent twice",
    "superseded": "taken out of the dead letters, not sent: something newer had come",
}
_NOT_ENDED = {"renewed": "it was repeated meanwhile", "over": "it was resolved already"}


def verdicts(event: Row) -> Iterator[tuple[str, str]]:
    """Step and verdict, from dedup to route, of a decision."""
    yield "dedup", _dedup(event["dedup"])
    found = event.get("classify")
    if found is not None:
        judged = f"{found['severity']}, {found['category']}"
        yield "classify", f"{judged} ({found['source']}: {found['rule']}, confidence {found['confidence']:g})"
    if "advice" in event:
        yield from _advice.told(event["advice"])
    if "filter" in event:
        yield "filter", _said(event["filter"])
    for verdict in event.get("route", ()):
        yield "route", _said(verdict)


def lines(event: Row) -> Iterator[tuple[str, str]]:
    """The same, and what became of each of its deliveries: `outcomes` holds what ended them."""
    yield from verdicts(event)
    for planned in event.get("deliveries", ()):
        ends = [outcome for outcome in event["outcomes"] if outcome["delivery"] == planned["id"]]
        for end in ends:
            yield "publish", _told(planned["target"], end)
        if not _has_ended(ends):
            yield "publish", f"{planned['target']}: not ended yet"
    planned = {one["id"] for one in event.get("deliveries", ())}
    for end in event["outcomes"]:
        if end["delivery"] not in planned and ("closes" in end or "replayed" in end):
            yield "publish", _told(end["target"], end)


def _dedup(verdict: Row) -> str:
    passed_ms = verdict["saw"].get("passed_ms")
    since = f", last passed {rfc3339(passed_ms)}" if passed_ms else ""
    if verdict["outcome"] == "duplicate":
        return f"duplicate: said nothing new inside the window{since}; ends here"
    if verdict["outcome"] == "unreadable":
        return "unreadable: it lies in the quarantine with the reason (winnow quarantine ls); ends here"
    if verdict["rule"] == "silence":
        silent = f"it held until {rfc3339(verdict['saw']['expired_ms'])}"
        if verdict["outcome"] in _NOT_ENDED:
            return f"{verdict['outcome']}: {silent}, but {_NOT_ENDED[verdict['outcome']]}; ends here"
        return f"{verdict['outcome']}: {silent} and nobody repeated it{since}"
    return f"{verdict['outcome']}{since}"


def _said(verdict: Row) -> str:
    saw = ", ".join(f"{name}={value}" for name, value in verdict["saw"].items())
    return f"{verdict['outcome']}: {verdict['rule']}" + (f" ({saw})" if saw else "")


def _has_ended(told: list[Row]) -> bool:
    """Whether the last retry that went on, if there is any, is followed by an outcome."""
    went_on = [row for row in told if "retry" not in row or row["retry"]["outcome"] == "retried"]
    return bool(went_on) and "retry" not in went_on[-1]


def _told(target: str, end: Row) -> str:
    if "retry" in end:
        return f"{target}: {_RECALLED[end['retry']['outcome']]} ({end['letter']})"
    took_ms = end["ended_ms"] - end["accepted_ms"]
    late = took(took_ms) if took_ms >= LONG_MS else f"{took_ms / 1000:.3f} s"
    tries = "1 try" if end["tries"] == 1 else f"{end['tries']} tries"
    answer = "" if end["status_code"] is None else f", answered {end['status_code']}"
    repeat = f", may repeat one sent before the restart ({end['repeat']})" if "repeat" in end else ""
    detail = f": {end['error']}" if end["error"] else ""
    if "closes" in end:
        detail += " (nothing sends it there, but its alert was open there)"
    replayed = f"replayed at {rfc3339(end['ended_ms'])}, " if "replayed" in end else ""
    return f"{target}: {replayed}{end['outcome']} {late} after acceptance, {tries}{answer}{repeat}{detail}"
