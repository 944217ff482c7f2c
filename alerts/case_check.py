"""What a step of a case expects beside what was decided, told apart point by point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alerts.case import Expected

Row = dict[str, Any]

_NOT_TOLD = "is not told"


class Point(NamedTuple):
    """One thing that is expected, and what came instead."""

    expected: str
    got: str
    holds: bool


class Told(NamedTuple):
    """Somebody who is told of an alert."""

    target: str
    status: str
    severity: str
    category: str
    routes: tuple[str, ...]
    """The routes by which, by name."""

    def __str__(self) -> str:
        by = f" by {', '.join(self.routes)}" if self.routes else ""
        return f"{self.target}: {self.status}, {self.severity}, {self.category}{by}"


def told(decision: Row, routes: Mapping[str, Sequence[str]]) -> list[Told]:
    """Who is told by a decision (docs/decisions.md); `routes` holds the targets of each route."""
    taken = [verdict["rule"] for verdict in decision.get("route", ()) if verdict["outcome"] == "routed"]
    return [
        Told(
            delivery["target"],
            decision["status"],
            decision["classify"]["severity"],
            decision["classify"]["category"],
            tuple(name for name in taken if delivery["target"] in routes.get(name, ())),
        )
        for delivery in decision.get("deliveries", ())
    ]


def compare(expected: Sequence[Expected], decision: Row, got: Sequence[Told]) -> list[Point]:
    """All points, those that hold among them: each that is expected, then whoever is told besides."""
    named = {one.target for one in expected if one.is_told}
    besides = [one for one in got if one.target not in named]
    return [
        *(_point(one, decision, got) for one in expected),
        *(Point(f"{one.target}: {_NOT_TOLD}" if named else "nobody is told", str(one), holds=False) for one in besides),
    ]


def _point(expected: Expected, decision: Row, got: Sequence[Told]) -> Point:
    if expected.duplicate:
        outcome = decision["dedup"]["outcome"]
        return Point("duplicate", outcome, outcome == "duplicate")
    ended = _ended(decision)
    if expected.target is None:
        wanted = f"filtered by {expected.filtered_by}"
        return Point(wanted, ended or "passed the filter", ended == wanted)
    head, own = f"{expected.target}: ", "" if ended else _skipped(expected.target, decision)
    found = [one for one in got if one.target == expected.target]
    came = str(found[0]) if found else f"{head}{ended or own or _NOT_TOLD}"
    if expected.filtered_by is None:
        return _told(expected, head, came, found)
    wanted = f"filtered by {expected.filtered_by}"
    # A filter that ends it for everybody is none of the target's, whatever its name.
    return Point(f"{head}{wanted}", f"{came}, for everybody" if ended else came, own == wanted)


def _told(expected: Expected, head: str, came: str, found: Sequence[Told]) -> Point:
    words = ", ".join(word for word in (expected.status, expected.severity, expected.category) if word) or "told"
    by = f" by {expected.route}" if expected.route else ""
    return Point(f"{head}{words}{by}", came, bool(found) and _fits(expected, found[0]))


def _fits(expected: Expected, got: Told) -> bool:
    pairs = ((expected.status, got.status), (expected.severity, got.severity), (expected.category, got.category))
    is_routed = expected.route is None or expected.route in got.routes
    return is_routed and all(wanted is None or wanted == came for wanted, came in pairs)


def _ended(decision: Row) -> str:
    """Why nobody at all is told; empty: dedup and filter let it pass."""
    if "filter" not in decision:
        return f"ended by dedup, {decision['dedup']['outcome']}"
    verdict = decision["filter"]
    return f"filtered by {verdict['rule']}" if verdict["outcome"] == "deny" else ""


def _skipped(target: str, decision: Row) -> str:
    """Why a target that a route names is left out; empty: no route names it."""
    rules = [verdict["rule"] for verdict in decision["route"] if verdict["outcome"] == "skipped"]
    found = [rule.removeprefix(f"{target}/") for rule in rules if rule.startswith(f"{target}/")]
    return f"filtered by {found[0]}" if found else ""
