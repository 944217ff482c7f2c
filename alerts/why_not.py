"""Why one target was not told of one alert event: the first reason on its way, in words, from its decision."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from alerts.happening import saw
from alerts.instant import rfc3339
from alerts.took import took

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

Row = dict[str, Any]


class Why(NamedTuple):
    """The answer."""

    step: str
    """Where it ended: dedup, filter, route or publish."""
    reason: str
    is_told: bool = False
    """It was told after all."""


def why_not(
    event: Row, target: str, stands_in_for: Collection[str] = (), statuses: Mapping[str, str] = MappingProxyType({})
) -> Why:
    """The first reason why a target was not told of an event.

    Args:
        event: A decision, with `outcomes`: the ends and retries of its deliveries in order.
        target: Its name.
        stands_in_for: The targets whose fallback it is.
        statuses: By id of a delivery what it tells, firing or resolved, as `statuses` has it of the alert's events.
    """
    return next(_reasons(event, target, stands_in_for, statuses))


def statuses(events: Iterable[Row]) -> dict[str, str]:
    """By the id of each planned delivery whether it tells a firing or a resolve."""
    return {planned["id"]: event["status"] for event in events for planned in event.get("deliveries", ())}


def telling(events: Sequence[Row]) -> Row:
    """Of several events of one alert, in order, the one to ask about: the newest firing that dedup let pass.

    If there is none, the newest of all that dedup let pass, or of all.
    """
    passed = [event for event in events if "transition" in event]
    firing = [event for event in passed if event["status"] == "firing"]
    return (firing or passed or events)[-1]


def _reasons(event: Row, target: str, stands_in_for: Collection[str], statuses: Mapping[str, str]) -> Iterator[Why]:
    ends = [end for end in event["outcomes"] if end["target"] == target]
    if ends or any(planned["target"] == target for planned in event.get("deliveries", ())):
        yield _published(ends, is_unpaged=_is_unpaged(event, ends, statuses))
    for end in event["outcomes"]:
        if end.get("outcome") == "delivered-to-fallback" and end["target"] in stands_in_for:
            yield Why("publish", f"told as the fallback of {end['target']}: {end['error']}", is_told=True)
    if "transition" not in event:
        yield Why("dedup", _ended_early(event["dedup"]))
    if event["filter"]["outcome"] == "deny":
        yield Why("filter", f"filter rule {_rule(event['filter'])} ended it for everybody")
    yield _unrouted(event, target)


def _ended_early(verdict: Row) -> str:
    passed_ms = verdict["saw"].get("passed_ms")
    since = f" since {rfc3339(passed_ms)}, when it last passed" if passed_ms else ""
    if verdict["outcome"] == "unreadable":
        return "nobody could read it: it lies in the quarantine with the reason (winnow quarantine ls)"
    if verdict["outcome"] == "renewed":
        return "its end by silence does not count: it was repeated meanwhile"
    if verdict["outcome"] == "over":
        return f"its end by silence says nothing new: it was resolved already{since}"
    return f"duplicate: it said nothing new inside the window{since}"


def _unrouted(event: Row, target: str) -> Why:
    verdicts = event.get("route", ())
    for verdict in verdicts:
        name, _, rule = verdict["rule"].partition("/")
        if verdict["outcome"] == "skipped" and name == target:
            if rule == "disabled":
                return Why("route", f"a route leads to {target}, which was disabled (enabled: false)")
            return Why("route", f"{target}'s own filter rule {_rule({**verdict, 'rule': rule})} left it out")
    held = [verdict for verdict in verdicts if verdict["outcome"] == "routed"]
    told = ", ".join(planned["target"] for planned in event.get("deliveries", ())) or "nobody"
    if held:
        routes = ", ".join(_rule(verdict) for verdict in held)
        return Why("route", f"no route that held leads to it; held: {routes}; to be told: {told}")
    if any(verdict["outcome"] == "unrouted" for verdict in verdicts):
        return Why("route", "no route held, so nobody was to be told")
    return Why("route", f"it was no enabled target in configuration {event['config']}; to be told: {told}")


def _rule(verdict: Row) -> str:
    seen = saw(verdict)
    return f"'{verdict['rule']}'" + (f" (saw {seen})" if seen else "")


_RETRIED = {
    "retried": "waiting: it was taken out of the dead letters to be sent again, and has not ended yet",
    "superseded": "taken out of the dead letters and not sent: something newer of its alert had come",
}
_ENDED = {
    "merged": "merged: a newer notification of its alert took its place while it waited",
    "not-needed": "not needed: it was over before the target could be told",
    "dead-lettered": "dead-lettered: it was given up",
    "delivered-to-fallback": "its fallback was told instead",
}
_UNPAGED = "merged: its resolve took its place while it waited, so no firing was delivered"
_TOLD = "delivered"
# As a lane writes it (connectors/lane.py).
_INTO = re.compile(r"into ([0-9a-f]{32})", re.ASCII)


def _is_unpaged(event: Row, ends: list[Row], statuses: Mapping[str, str]) -> bool:
    """Whether it is a firing in whose place its resolve was told."""
    last = ends[-1] if ends else {}
    into = _INTO.match(last.get("error") or "") if last.get("outcome") == "merged" else None
    return into is not None and event["status"] == "firing" and statuses.get(into[1]) == "resolved"


def _published(ends: list[Row], *, is_unpaged: bool) -> Why:
    """Of the newest end, which is what holds; a letter that came twice has ended before."""
    told = [end for end in ends if "retry" not in end or end["retry"]["outcome"] != "duplicate"]
    if not told:
        return Why("publish", "waiting: it is planned, and no end is recorded yet")
    *before, end = told
    if "retry" in end:
        return Why("publish", _RETRIED.get(end["retry"]["outcome"], end["retry"]["outcome"]))
    if end["outcome"] == _TOLD:
        return Why("publish", _delivered(before, end), is_told=True)
    detail = f": {end['error']}" if end["error"] else ""
    word = _UNPAGED if is_unpaged else _ENDED.get(end["outcome"], end["outcome"])
    return Why("publish", f"{word} ({_late(end)} after acceptance{_replayed(end)}, {_tried(end)}){detail}")


def _delivered(before: list[Row], end: Row) -> str:
    """That it was told, and if it was given up before, when and why."""
    given_up = next((one for one in reversed(before) if one.get("outcome") == "dead-lettered"), None)
    if given_up is None:
        return f"it was told: delivered {_late(end)} after acceptance{_replayed(end)}, {_tried(end)}"
    why = f" ({given_up['error']})" if given_up["error"] else ""
    again = "replayed" if "replayed" in end else "sent again"
    return (
        f"it was told late: given up after {_late(given_up)}{why}; {again} after {_late(end)}: delivered, {_tried(end)}"
    )


def _late(end: Row) -> str:
    return took(end["ended_ms"] - end["accepted_ms"])


def _replayed(end: Row) -> str:
    return ", replayed" if "replayed" in end else ""


def _tried(end: Row) -> str:
    tries = "1 try" if end["tries"] == 1 else f"{end['tries']} tries"
    return tries + ("" if end["status_code"] is None else f", answered {end['status_code']}")
