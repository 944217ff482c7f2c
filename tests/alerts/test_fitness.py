"""Whether a Kafka fits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.config import Config
from alerts.finding import Complaint, State, finding
from alerts.fitness import TopicFacts, Unread, clock, lag, needs, topic

WEEK = str(7 * 86_400_000)
GOOD = {"min.insync.replicas": "2", "retention.ms": WEEK, "retention.bytes": "-1", "cleanup.policy": "delete"}
FACTS = TopicFacts(32, 3, 3, 0, GOOD)
OF_WEBHOOKS, OF_DECISIONS = needs(Config())
NOW_MS = 1_764_000_000_000


def judged(facts: TopicFacts = FACTS, partitions: int | None = 32) -> tuple[State, str, str]:
    found = topic("t", facts, (partitions, 3), OF_WEBHOOKS)
    return found.state, found.found, found.todo


def setting(name: str, value: str, facts: TopicFacts = FACTS) -> TopicFacts:
    return facts._replace(settings={**GOOD, name: value})


def test_topic_that_fits_is_told_with_what_it_is() -> None:
    assert judged() == (State.OK, "32 partitions, 3 replicas, min.insync.replicas 2, kept 7d", "")
    assert judged(setting("retention.ms", "-1"))[1].endswith("kept for ever")
    assert judged(FACTS._replace(settings=None))[:2] == (
        State.OK, "32 partitions, 3 replicas; its settings are not told by this broker",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "state", "said"),
    [
        ({"partitions": 8}, State.FAILED, "winnow.yaml says 32: gateway and flow do not start"),
        ({"leaderless": 1}, State.FAILED, "1 have no leader"),
        ({"replicas": 1, "in_sync": 1}, State.FAILED, "nothing can be written: fewer are in sync"),
        ({"replicas": 2, "in_sync": 2}, State.WARNING, "kafka.replication says 3"),
        ({"in_sync": 2}, State.WARNING, "only 2 of 3 replicas are in sync"),
        ({"in_sync": 1}, State.FAILED, "nothing can be written"),
    ],
)
def test_topic_that_does_not_fit_says_how(changes: dict[str, int], state: State, said: str) -> None:
    found = judged(FACTS._replace(**changes))  # type: ignore[arg-type]
    assert found[0] is state
    assert said in found[1]
    assert found[2]


@pytest.mark.parametrize(
    ("name", "value", "state", "said"),
    [
        ("min.insync.replicas", "1", State.WARNING, "acks=all may mean one replica"),
        ("min.insync.replicas", "3", State.WARNING, "with one broker down nothing can be written"),
        ("retention.bytes", "1000", State.WARNING, "retention.bytes=1000 may take records earlier"),
        ("cleanup.policy", "compact,delete", State.FAILED, "compacted"),
        ("retention.ms", str(6 * 86_400_000), State.WARNING, "winnow replay needs 7d"),
        ("retention.ms", str(3 * 3_600_000), State.FAILED, "a cold start (flow.cold_start_rewind) needs 24.2h"),
        ("retention.ms", str(3 * 3_600_000), State.FAILED, "dedup.window needs 4h"),
    ],
)
def test_setting_that_does_not_fit_says_what_to_set(name: str, value: str, state: State, said: str) -> None:
    found = judged(setting(name, value))
    assert found[0] is state
    assert said in found[1]
    assert found[2].startswith("set ")


def test_one_replica_is_a_warning_and_more_partitions_than_asked_for_none_where_any_number_will_do() -> None:
    alone = FACTS._replace(replicas=1, in_sync=1)
    assert judged(setting("min.insync.replicas", "1", alone))[0] is State.WARNING
    assert judged(FACTS._replace(partitions=1), partitions=None)[0] is State.OK


def test_decisions_are_needed_for_less_than_webhooks() -> None:
    assert {need.state for need in OF_DECISIONS} == {State.WARNING}
    assert max(need.length for need in OF_WEBHOOKS) == timedelta(days=7)


@pytest.mark.parametrize(
    ("unread", "state", "said"),
    [
        (Unread(0, None, has_committed=False), State.OK, "has read everything"),
        (Unread(5, NOW_MS, has_committed=False), State.WARNING, "has read nothing yet, 5 records wait"),
        (Unread(5, NOW_MS - 9000, has_committed=True), State.OK, "5 records are unread, the oldest for 9 s"),
        (Unread(5, NOW_MS - 61_000, has_committed=True), State.WARNING, "the oldest for 61 s"),
        (Unread(5, NOW_MS - 900_000, has_committed=True), State.FAILED, "longer than publish.deadline"),
        (Unread(5, None, has_committed=True), State.WARNING, "nobody can tell since when"),
        (Unread(5, NOW_MS + 9000, has_committed=True), State.OK, "the oldest for 0 s"),
    ],
)
def test_lag_is_judged_by_the_age_of_what_is_unread(unread: Unread, state: State, said: str) -> None:
    found = lag("g", unread, NOW_MS, timedelta(minutes=15), "http://x/readyz")
    assert found.state is state
    assert said in found.found
    assert bool(found.todo) is (state is not State.OK)


@pytest.mark.parametrize(
    ("ahead_ms", "state"),
    [(-60_000, State.OK), (5000, State.OK), (5001, State.WARNING), (299_999, State.WARNING), (300_000, State.FAILED)],
)
def test_record_of_the_future_tells_of_clocks_that_differ(ahead_ms: int, state: State) -> None:
    assert clock("c", NOW_MS + ahead_ms, NOW_MS).state is state


def test_no_record_tells_nothing_of_clocks() -> None:
    assert clock("c", None, NOW_MS).state is State.SKIPPED


def test_worst_complaint_is_the_state_and_stands_first() -> None:
    mild, grave = Complaint(State.WARNING, "mild", "a"), Complaint(State.FAILED, "grave", "b")
    assert finding("c", "it", [mild, grave]) == ("c", State.FAILED, "it; grave; mild", "b; a")
    assert finding("c", "it", []) == ("c", State.OK, "it", "")
