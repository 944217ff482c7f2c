"""Decisions found in the bytes of a record, as the trail writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from alerts.alert import Status
from flows.decided import (
    CLOCKS_DIFFER_MS,
    accepted_ms,
    decode,
    fingerprint,
    lines,
    passed_before,
    passes,
    resolves,
    shape,
    tells,
    within,
)
from flows.remembering import Known
from flows.steps.dedup import Counted
from flows.totals import Totals

if TYPE_CHECKING:
    from flows.decided import Line

NASTY = ['"},{"id":"x","fingerprint":"', ',{"id":"', '"accepted_ms":7,', '"transition":"', '\\"', "\u2028}]}", ""]


def row(number: int = 0, name: str = "Disk", targets: tuple[str, ...] = (), **changes: object) -> dict[str, Any]:
    return {
        "id": f"{number:032x}-0",
        "fingerprint": f"{number:016x}",
        "name": name,
        "status": "firing",
        "starts_at": "2025-11-24T15:59:00Z",
        "accepted_ms": 1000 * number,
        "source": "default",
        "dedup": {"outcome": "new", "rule": "window", "saw": {}},
        "transition": "t",
        "classify": {"severity": "warning"},
        "filter": {"outcome": "allow", "rule": name, "saw": {"x": name}},
        "route": [],
        "deliveries": [{"id": f"{number:032x}", "target": target} for target in targets],
        **changes,
    }


def ended(number: int = 0, name: str = "Disk", outcome: str = "duplicate", **saw: object) -> dict[str, Any]:
    made = row(number, name, dedup={"outcome": outcome, "rule": "window", "saw": saw})
    return {key: value for key, value in made.items() if list(made).index(key) <= list(made).index("dedup")}


def record(*rows: dict[str, Any]) -> bytes:
    return orjson.dumps({"v": 1, "config": "0123456789ab", "decisions": rows})


def line(made: dict[str, Any]) -> Line:
    (found,) = lines(record(made))
    return found


def test_target_is_told_if_it_is_among_the_deliveries_and_not_if_a_rule_saw_its_name() -> None:
    seen = {"outcome": "skipped", "rule": "r", "saw": {"target": "b"}}
    found = line(row(1, targets=("a", "c"), route=[seen]))
    assert [tells(found, orjson.dumps(name)) for name in ("a", "b", "c")] == [True, False, True]
    assert not tells(line(ended(1, target="a")), b'"a"')


def test_resolve_that_dedup_ended_does_not_resolve() -> None:
    resolved = "resolved/2025-11-24T15:59:00Z/1.1"
    assert resolves(line(row(1, status="resolved", transition=resolved)))
    assert not resolves(line(row(1, transition=resolved.replace("resolved", "firing"))))
    assert not resolves(line(ended(1, was="resolved")))


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("targets", [(), ("a",), ("a", "b"), ("a", "b", "c")])
def test_decisions_are_found_whole_whatever_they_hold(name: str, targets: tuple[str, ...]) -> None:
    rows = [row(1, name, targets), ended(2, name), row(3, name, ("a", *targets)), row(4, name)]
    found = lines(record(*rows))
    assert [decode(one) for one in found] == rows
    assert [id_.decode() for id_, _ in found] == [one["id"] for one in rows]
    assert [fingerprint(one).decode() for one in found] == [one["fingerprint"] for one in rows]
    assert [accepted_ms(text) for _, text in found] == [1000, 2000, 3000, 4000]
    assert [passes(one) for one in found] == [True, False, True, True]


@pytest.mark.parametrize(
    "value", [b"", b"garbage", b"{}", b'{"v":1,"outcomes":[{"delivery":"x"}]}', b'{"v":1,"config":"c","decisions":[]}']
)
def test_what_holds_no_decision_gives_none(value: bytes) -> None:
    assert lines(value) == []


def test_moments_within_a_range_are_found_also_at_its_ends() -> None:
    found = [line(row(number)) for number in (1, 2, 3, 4)]
    assert within(found, 2000, 4000) == found[1:3]
    assert within(found, 4001, 5000) == []
    assert within([], 0, 1) == []


def test_one_between_two_others_is_looked_at_unless_clocks_must_differ_more_than_they_do() -> None:
    found = [line(row(number)) for number in (5, 9, 5)]
    assert within(found, 0, 9000) == [found[0], found[2]]
    assert within(found, -CLOCKS_DIFFER_MS, 9001 + CLOCKS_DIFFER_MS) == found


COUNTS = {"passed_ms": 5, "firings": 1, "resolves": 2, "newest_ms": 3, "turn": 4}
EXPIRED = row(
    status="resolved", dedup={"outcome": "changed", "rule": "silence", "saw": {"passed_ms": 5, "expired_ms": 7}}
)


@pytest.mark.parametrize(
    ("made", "before"),
    [
        (row(), None),
        (ended(passed_ms=5), Known(5, Status.FIRING)),
        (ended(passed_ms=5, name='"status":"firing"') | {"status": "resolved"}, Known(5, Status.RESOLVED)),
        (
            row(dedup={"outcome": "repeat", "rule": "window", "saw": {"passed_ms": 5}}),
            Known(5, Status.FIRING, None, Counted(0, 0)),
        ),
        (
            row(dedup={"outcome": "changed", "rule": "window", "saw": {"passed_ms": 5}}),
            Known(5, Status.RESOLVED, None, Counted(0, 0)),
        ),
        (
            row(dedup={"outcome": "changed", "rule": "window", "saw": COUNTS}),
            Known(5, Status.RESOLVED, None, Counted(1, 2, 3, 4)),
        ),
        (ended(outcome="over", passed_ms=5) | {"status": "resolved"}, Known(5, Status.RESOLVED)),
        (EXPIRED, Known(5, Status.FIRING, 7, Counted(0, 0))),
        (
            ended(outcome="renewed", passed_ms=5, expired_ms=7, ends_ms=9) | {"status": "resolved"},
            Known(5, Status.FIRING, 9),
        ),
        (ended(outcome="renewed", passed_ms=5, expired_ms=7) | {"status": "resolved"}, Known(5, Status.FIRING)),
        (ended(outcome="renewed", expired_ms=5), None),
        (row(filter={"outcome": "deny", "rule": "x", "saw": {"passed_ms": 5}}), None),
    ],
)
def test_what_dedup_remembered_is_read_from_what_it_saw(made: dict[str, Any], before: Known | None) -> None:
    assert passed_before(line(made)) == before


@pytest.mark.parametrize("name", NASTY)
def test_what_is_decided_alike_has_one_shape_and_that_is_json(name: str) -> None:
    first, again = (line(row(number, name, ("a", "b"))) for number in (1, 2))
    assert shape(first[1]) == shape(again[1])
    told = orjson.loads(shape(first[1]))
    assert (told["targets"], told["filter"]["rule"]) == (["a", "b"], name)
    assert orjson.loads(shape(line(row(1, name))[1]))["targets"] == []
    assert orjson.loads(shape(line(ended(1, name, "over"))[1])) == {"dedup": {"outcome": "over", "rule": "window"}}


def test_totals_count_each_decision_once_also_when_many_differ() -> None:
    totals = Totals()
    rows = [row(number, f"n{number}", ("a",) if number % 2 else ()) for number in range(5000)]
    for made in [*rows, ended(), ended(outcome="over")]:
        totals.add([line(made)[1]])
    assert Totals.of(totals, Totals()).plain() == {
        "events": 5002,
        "notifications": {"a": 2500},
        "severities": {"warning": 5000},
        "suppressed": {"dedup": {"duplicate": 1, "over": 1}},
    }


def test_totals_name_the_step_and_rule_at_which_an_alert_ended() -> None:
    deny = {"outcome": "deny", "rule": "night", "saw": {}}
    skipped = {"outcome": "skipped", "rule": "chat/low", "saw": {}}
    unrouted = {"outcome": "unrouted", "rule": "default", "saw": {}}
    totals = Totals()
    rows = [row(filter=deny), row(route=[skipped]), row(targets=("a",), route=[skipped]), row(route=[unrouted])]
    totals.add(line(made)[1] for made in rows)
    assert totals.plain()["suppressed"] == {
        "filter": {"night": 1},
        "route": {"unrouted": 1},
        "target": {"chat/low": 2},
    }
