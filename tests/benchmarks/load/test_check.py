"""What arrived is held against what was sent."""

from __future__ import annotations

from collections import Counter

from benchmarks.load.check import Sent, quantiles, sent, told
from benchmarks.load.k6 import Http
from benchmarks.load.recipe import Recipe, Stage

NEW = Recipe("baseline", (Stage("one", 10, 1.0, 1),), 1, 1, {}, {}, stops=False)
STORM = NEW._replace(fresh_every=0)
HUNDREDS = Recipe("stress", (Stage("one", 10, 1.0, 1), Stage("two", 10, 1.0, 4)), 4, 3, {}, {}, stops=True)


def http(begun: int, *refused: int, unanswered: int = 0, failed: tuple[str, ...] = ()) -> Http:
    accepted = begun - len(refused) - unanswered
    return Http(begun, accepted, frozenset(refused), 0, {"p50": 1.0, "p95": 2.0, "p99": 3.0}, 1.0, [*failed])


def made(*instances: str, doubtful: str = "") -> Sent:
    return Sent(frozenset(instances), frozenset(doubtful), len(instances))


def test_requests_are_numbered_from_zero() -> None:
    assert sent(NEW, {"one": http(2)}) == Sent(frozenset({"one-0", "one-1"}), frozenset(), 2)


def test_storm_is_one_alert_however_often_it_is_sent() -> None:
    assert sent(STORM, {"one": http(500)}) == Sent(frozenset({"again-0"}), frozenset(), 500)


def test_all_alerts_of_a_request_are_meant_and_repeats_are_the_same_in_all_stages() -> None:
    found = sent(HUNDREDS, {"one": http(2), "two": http(2)})
    assert found.different == {"one-0", "again-0", "again-1", "again-2", "two-0", "two-4"}
    assert found.accepted == 2 + 2 * 4


def test_refused_alert_is_doubtful_unless_it_was_accepted_too() -> None:
    found = sent(HUNDREDS, {"one": http(2, 0, 1), "two": http(1)})
    assert found.doubtful == {"one-0"}
    assert "again-1" in found.different


def test_all_that_a_stage_may_have_sent_is_doubtful_if_k6_broke_requests_off_in_it() -> None:
    found = sent(NEW, {"one": http(3, unanswered=1)})
    assert found == Sent(frozenset(), frozenset(f"one-{number}" for number in range(11)), 2)


def test_so_it_is_in_the_last_stage_if_k6_stopped_whatever_it_counted() -> None:
    found = sent(HUNDREDS, {"one": http(4, failed=("x",)), "two": http(2)})
    assert found.different == {"one-0", "again-0", "again-1", "again-2"}
    assert found.doubtful == {f"two-{number}" for number in range(0, 44, 4)}


def test_so_it_is_in_the_stage_after_that_one() -> None:
    found = sent(HUNDREDS, {"one": http(11, failed=("x",)), "two": http(0)})
    assert {"one-0", "one-8", "two-0", "two-40", "again-0"} <= found.doubtful
    assert found.different == frozenset()


def test_scenario_that_does_not_stop_goes_to_its_end_though_a_threshold_fails() -> None:
    assert sent(NEW, {"one": http(2, failed=("x",))}).doubtful == frozenset()


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


def test_doubtful_alert_may_arrive_or_not() -> None:
    for arrived, extra in (({"a": 1}, []), ({"a": 1, "d": 1}, []), ({"a": 1, "d": 2}, ["d at first"])):
        found = told(made("a", doubtful="d"), {"first": Counter(arrived)})
        assert (found.missing, found.extra) == ([], extra)


def test_doubtful_alert_that_one_target_got_is_missing_at_the_others() -> None:
    found = told(made("a", doubtful="d"), {"first": {"a": 1, "d": 1}, "second": {"a": 1}})
    assert found == (4, 3, ["d at second"], [])


def test_quantiles_are_of_values_that_were_measured() -> None:
    assert quantiles([float(value) for value in range(100, 0, -1)]) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}
    assert quantiles([7.0]) == {"p50": 7.0, "p95": 7.0, "p99": 7.0}
    assert quantiles([]) == {}
