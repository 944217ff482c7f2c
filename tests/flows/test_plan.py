"""What is planned, and the ids that let a target know a repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alert import Status
from alerts.decision import Verdict
from flows import plan
from flows.chunk import Chunk
from flows.plan import Closing, notification_id
from flows.steps.classify import Judged
from flows.steps.route import Routing
from tests.support.events import FOUND, alert, target

if TYPE_CHECKING:
    from alerts.alert import Alert
    from alerts.config import Target
    from alerts.decision import Delivery

ALLOWED = Verdict("allow", "default", {})
TRANSITION = "firing/2025-11-24T15:59:00Z/0"


def _chunk(*rows: tuple[Alert, Verdict, tuple[str, ...]]) -> Chunk:
    return Chunk(
        0,
        [],
        [],
        [],
        alerts=[of for of, _, _ in rows],
        transitions=[TRANSITION for _ in rows],
        judged=[Judged(FOUND, FOUND) for _ in rows],
        filtered=[verdict for _, verdict, _ in rows],
        routed=[Routing(targets, ()) for _, _, targets in rows],
    )


def deliveries(chunk: Chunk, *keepers: str) -> list[list[Delivery]]:
    return plan.deliveries(chunk, lambda _: keepers)


def test_id_is_the_one_it_always_was() -> None:
    """A crash, an update, another machine: the same notification carries the same id."""
    assert notification_id("00000000000000aa", TRANSITION, "oncall") == "00000000000000aa" + "96f3a61b947f5635"


@given(st.text("0123456789abcdef", min_size=16, max_size=16), st.text(), st.text())
def test_id_is_the_fingerprint_and_sixteen_more_hex_digits(fingerprint: str, transition: str, target: str) -> None:
    made = notification_id(fingerprint, transition, target)
    assert (made[:16], len(made)) == (fingerprint, 32)
    assert set(made) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "other",
    [
        ("00000000000000ab", TRANSITION, "oncall"),
        ("00000000000000aa", "resolved/2025-11-24T15:59:00Z/0", "oncall"),
        ("00000000000000aa", "firing/2025-11-24T15:59:00Z/1", "oncall"),
        ("00000000000000aa", TRANSITION, "team-hook"),
    ],
)
def test_id_of_anything_else_is_another(other: tuple[str, str, str]) -> None:
    assert notification_id(*other) != notification_id("00000000000000aa", TRANSITION, "oncall")


def test_each_target_gets_a_delivery_with_an_id_of_its_own() -> None:
    ((first, second),) = deliveries(_chunk((alert(), ALLOWED, ("a", "b"))))
    assert (first.target, second.target) == ("a", "b")
    assert first.id != second.id
    assert first.alert == second.alert == alert()


def test_denied_alert_gets_no_delivery() -> None:
    assert deliveries(_chunk((alert(), Verdict("deny", "noise", {}), ("a",)))) == [[]]


def test_alert_whose_filtering_raised_gets_its_deliveries() -> None:
    ((planned,),) = deliveries(_chunk((alert(), Verdict("error", "KeyError", {}), ("a",))))
    assert planned.target == "a"


def test_deliveries_are_in_the_order_of_the_alerts() -> None:
    planned = deliveries(
        _chunk((alert("A"), ALLOWED, ("a",)), (alert("B"), ALLOWED, ()), (alert("C"), ALLOWED, ("b",)))
    )
    assert [[one.alert.name for one in row] for row in planned] == [["A"], [], ["C"]]


def test_target_is_told_what_the_event_is_taken_for_not_what_it_was_weighed_by() -> None:
    weighed = FOUND._replace(category="weighed")
    chunk = _chunk((alert(), ALLOWED, ("a",)))._replace(judged=[Judged(FOUND, weighed)])
    assert deliveries(chunk)[0][0].classification == FOUND


RESOLVED = alert(status=Status.RESOLVED)


@pytest.mark.parametrize("verdict", [ALLOWED, Verdict("deny", "noise", {})])
def test_resolve_goes_to_its_keepers_to_close_only(verdict: Verdict) -> None:
    ((planned,),) = deliveries(_chunk((RESOLVED, verdict, ())), "pager")
    assert (planned.target, planned.only_closes) == ("pager", True)
    assert planned.id == notification_id(RESOLVED.fingerprint, TRANSITION, "pager")


def test_resolve_that_is_routed_to_its_keeper_is_told_there_once_and_whatever_is_open() -> None:
    ((planned,),) = deliveries(_chunk((RESOLVED, ALLOWED, ("pager",))), "pager")
    assert not planned.only_closes


def test_firing_goes_to_no_keeper() -> None:
    assert deliveries(_chunk((alert(), ALLOWED, ())), "pager") == [[]]


@pytest.mark.parametrize(
    ("targets", "kept"),
    [
        ([target("webhook", "a"), target("slack", "b")], []),
        ([target("pagerduty", "a"), target("rootly", "b"), target("alertmanager", "c")], ["a", "b", "c"]),
        ([target("webhook", "a", fallback="b"), target("pagerduty", "b")], ["a", "b"]),
        ([target("webhook", "a", fallback="b"), target("pagerduty", "b", enabled=False)], []),
        ([target("pagerduty", "a", enabled=False)], []),
    ],
)
def test_keepers_are_the_enabled_targets_that_hold_alerts_open_or_whose_fallback_does(
    targets: list[Target], kept: list[str]
) -> None:
    assert Closing(targets)(RESOLVED) == kept


def test_change_event_is_kept_open_nowhere() -> None:
    change = RESOLVED._replace(labels={"alertname": "A", "change_event": "true"})
    assert Closing([target("pagerduty", "a")])(change) == []
