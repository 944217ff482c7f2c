"""What differs between two decisions about the same events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from flows.differences import Kind, differences

if TYPE_CHECKING:
    from flows.differences import Difference

Row = dict[str, Any]


def event(number: int = 0, **changes: object) -> Row:
    """An event of one alert that dedup ended."""
    about = {"id": f"{number:032x}-0", "fingerprint": "aa" * 8, "name": "Disk", "status": "firing"}
    ended = {"outcome": "duplicate", "rule": "window", "saw": {}}
    return {**about, "accepted_ms": 1000 * number, "dedup": ended, **changes}


def passed(number: int = 0, to: tuple[str, ...] = ("oncall",), severity: str = "warning", **changes: object) -> Row:
    """An event that passed dedup and the filter."""
    steps = {
        "dedup": {"outcome": "new", "rule": "window", "saw": {}},
        "transition": "t",
        "classify": {"severity": severity},
        "filter": {"outcome": "allow", "rule": "default", "saw": {}},
        "route": [{"outcome": "routed", "rule": "r", "saw": {}}],
        "deliveries": [{"id": name, "target": name} for name in to],
    }
    return {**event(number), **steps, **changes}


def denied(number: int = 0, rule: str = "quiet") -> Row:
    return passed(number, (), filter={"outcome": "deny", "rule": rule, "saw": {}}, route=[])


def found(*pairs: tuple[Row, Row]) -> list[Difference]:
    return list(differences(pairs))


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (denied(), passed(), [Kind.NEWLY_SENT]),
        (event(), passed(), [Kind.NEWLY_SENT]),
        (passed(to=("a",)), passed(to=("a", "b")), [Kind.NEWLY_SENT]),
        (passed(), denied(), [Kind.NO_LONGER_SENT]),
        (passed(to=("a", "b")), passed(to=("b",)), [Kind.NO_LONGER_SENT]),
        (passed(to=("a",)), passed(to=("b",)), [Kind.OTHER_TARGET]),
        (passed(), passed(severity="critical"), [Kind.OTHER_SEVERITY]),
        (passed(to=("a",)), passed(to=("b",), severity="info"), [Kind.OTHER_TARGET, Kind.OTHER_SEVERITY]),
        (denied(rule="quiet"), denied(rule="night"), [Kind.OTHER_REASON]),
        (event(), denied(), [Kind.OTHER_REASON]),
        (passed(), passed(route=[{"outcome": "routed", "rule": "s", "saw": {}}]), [Kind.OTHER_REASON]),
        (passed(), passed(transition="u"), [Kind.OTHER_DETAIL]),
        (passed(to=("a", "b")), passed(to=("b", "a")), [Kind.OTHER_DETAIL]),
    ],
)
def test_event_differs_in_what_changed_for_whom_it_tells(before: Row, after: Row, kinds: list[Kind]) -> None:
    (one,) = found((before, after))
    assert list(one.kinds) == kinds


@pytest.mark.parametrize(("first", "kind"), [(0, Kind.LATER), (1, Kind.EARLIER)])
def test_notification_that_another_event_sends_instead_has_moved_and_is_told_once(first: int, kind: Kind) -> None:
    pairs = [(passed(0), event(0)), (event(1), passed(1))]
    gone, come = (0, 1) if first == 0 else (1, 0)
    if first == 1:
        pairs = [(event(0), passed(0)), (passed(1), event(1))]
    (one,) = found(*pairs)
    assert one.id == f"{gone:032x}-0"
    assert one.kinds == (kind,)
    assert [(move.target, move.kind, move.id) for move in one.moves] == [("oncall", kind, f"{come:032x}-0")]


def test_moves_are_taken_in_order_and_what_is_left_is_no_longer_sent() -> None:
    sent, ended = {0, 2, 4}, {1, 3}
    pairs = [(passed(n), event(n)) if n in sent else (event(n), passed(n)) for n in sorted(sent | ended)]
    one, two, three = found(*pairs)
    assert [one.kinds, two.kinds, three.kinds] == [(Kind.LATER,), (Kind.LATER,), (Kind.NO_LONGER_SENT,)]
    assert two.moves[0].id == f"{3:032x}-0"


@pytest.mark.parametrize(
    "other", [{"fingerprint": "bb" * 8}, {"status": "resolved"}, {"deliveries": [{"id": "x", "target": "x"}]}]
)
def test_notification_of_another_alert_status_or_target_is_no_move(other: Row) -> None:
    kinds = [one.kinds for one in found((passed(0), event(0)), ({**event(1), **other}, {**passed(1), **other}))]
    if "deliveries" in other:
        kinds = [one.kinds for one in found((passed(0), event(0)), (event(1), {**passed(1), **other}))]
    assert kinds == [(Kind.NO_LONGER_SENT,), (Kind.NEWLY_SENT,)]


def test_severity_of_a_notification_that_moved_is_that_of_the_event_that_sends_it() -> None:
    (one,) = found((passed(0), event(0)), (event(1), passed(1, severity="critical")))
    assert one.kinds == (Kind.LATER, Kind.OTHER_SEVERITY)


def test_event_that_takes_over_one_notification_and_sends_another_is_told_for_the_other() -> None:
    one, two = found((passed(0), event(0)), (event(1), passed(1, to=("oncall", "chat"))))
    assert (one.kinds, two.kinds) == ((Kind.LATER,), (Kind.NEWLY_SENT,))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (event(), ("dedup", "duplicate", "window")),
        (denied(rule="night"), ("filter", "deny", "night")),
        (passed(), ("route", "sent", "r")),
        (passed(route=[]), ("route", "sent", "everyone")),
        (passed(to=(), route=[]), ("route", "unrouted", "no target")),
        (
            passed(to=(), route=[{"outcome": "unrouted", "rule": "default", "saw": {}}]),
            ("route", "unrouted", "default"),
        ),
        (
            passed(to=(), route=[{"outcome": "routed", "rule": "r"}, {"outcome": "skipped", "rule": "chat/night"}]),
            ("route", "skipped", "chat/night"),
        ),
    ],
)
def test_reason_is_the_rule_that_decided(row: Row, reason: tuple[str, str, str]) -> None:
    (one,) = found((passed(to=("x",), route=[{"outcome": "routed", "rule": "other"}]), row))
    assert one.after.reason == reason
