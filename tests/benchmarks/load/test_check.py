"""What arrived is held against what was sent."""

from __future__ import annotations

from collections import Counter

from benchmarks.load.check import Sent, quantiles, sent, told
from benchmarks.load.k6 import Http
from benchmarks.load.recipe import Recipe, Stage

NEW = Recipe("baseline", (Stage("one", 10, 1.0, 1),), 1, 1, {}, {}, stops=False)
STORM = NEW._replace(fresh_every=0)
HUNDREDS = Recipe("stress", (Stage("one", 10, 1.0, 1), Stage("two", 10, 1.0, 4)), 4, 3, {}, {}, stops=True)


def http(begun: int, *refused: int, broken_off: int = 0) -> Http:
    accepted = begun - len(refused) - broken_off
    return Http(begun, accepted, frozenset(refused), 0, {"p50": 1.0, "p95": 2.0, "p99": 3.0}, 1.0, [])


def made(*instances: str, broken_off: int = 0) -> Sent:
    return Sent(frozenset(instances), frozenset(), broken_off, len(instances))


def test_requests_are_numbered_from_zero() -> None:
    assert sent(NEW, {"one": http(2)}) == Sent(frozenset({"one-0", "one-1"}), frozenset(), 0, 2)


def test_storm_is_one_alert_however_often_it_is_sent() -> None:
    assert sent(STORM, {"one": http(500)}) == Sent(frozenset({"again-0"}), frozenset(), 0, 500)


def test_all_alerts_of_a_request_are_meant_and_repeats_are_the_same_in_all_stages() -> None:
    found = sent(HUNDREDS, {"one": http(2), "two": http(2)})
    assert found.different == {"one-0", "again-0", "again-1", "again-2", "two-0", "two-4"}
    assert found.accepted == 2 + 2 * 4


def test_refused_alert_is_doubtful_unless_it_was_accepted_too() -> None:
    found = sent(HUNDREDS, {"one": http(2, 0, 1), "two": http(1)})
    assert found.doubtful == {"one-0"}
    assert "again-1" in found.different


def test_alerts_of_what_k6_broke_off_are_counted_apart() -> None:
    found = sent(HUNDREDS, {"one": http(0), "two": http(3, 1, broken_off=1)})
    assert (found.broken_off, found.accepted) == (4, 4)


def test_each_alert_once_at_each_target_is_as_expected() -> None:
    found = told(made("a", "b"), {"first": {"a": 1, "b": 1}, "second": {"b": 1, "a": 1}})
    assert found == (4, 4, [], [])


def test_alert_that_one_target_did_not_get_is_missing_there() -> None:
    found = told(made("a", "b"), {"first": {"a": 1, "b": 1}, "second": {"a": 1}})
    assert found == (4, 3, ["b at second"], [])


def test_alert_that_is_told_twice_is_extra() -> None:
    assert told(made("a"), {"first": {"a": 3}}).extra == ["a at first", "a at first"]


def test_alert_that_was_never_sent_is_extra() -> None:
    assert told(made("a"), {"first": {"a": 1, "x": 1}}).extra == ["x at first"]


def test_doubtful_alert_may_arrive_once_or_not() -> None:
    doubtful = made("a")._replace(doubtful=frozenset({"d"}))
    for arrived, extra in (({"a": 1}, []), ({"a": 1, "d": 1}, []), ({"a": 1, "d": 2}, ["d at first"])):
        found = told(doubtful, {"first": Counter(arrived)})
        assert (found.missing, found.extra) == ([], extra)


def test_what_was_broken_off_may_be_missing_everywhere_and_nothing_beyond() -> None:
    arrived = {"first": {"a": 1}, "second": {"a": 1}}
    assert told(made("a", "b", broken_off=1), arrived).missing == []
    assert told(made("a", "b", "c", broken_off=1), arrived).missing == ["c at first", "c at second"]


def test_what_was_broken_off_may_not_be_missing_at_one_target_only() -> None:
    assert told(made("a", broken_off=1), {"first": {"a": 1}, "second": {}}).missing == ["a at second"]


def test_quantiles_are_of_values_that_were_measured() -> None:
    assert quantiles([float(value) for value in range(100, 0, -1)]) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}
    assert quantiles([7.0]) == {"p50": 7.0, "p95": 7.0, "p99": 7.0}
    assert quantiles([]) == {}
