"""Whether a Kafka fits what Winnow promises on it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from alerts.finding import Complaint, Finding, State, finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from alerts.config import Config

REPLAY = timedelta(days=7)
"""How far back `winnow replay` should be able to look."""
# A cold start goes back at most so far for what still waited (connectors/kafka/source.py).
_WAITS_MAX = timedelta(days=1)
_CLOCKS_WARN_MS = 5000
# What verbs allow for when they look for decisions of an alert (winnow/_past.py).
_CLOCKS_FAIL_MS = 300_000
# Progress is committed after each snapshot, every ten seconds.
_BEHIND_WARN_MS = 60_000


class TopicFacts(NamedTuple):
    """How a topic is."""

    partitions: int
    replicas: int
    """Of the partition that has the fewest."""
    in_sync: int
    leaderless: int
    """Partitions that no broker leads now."""
    settings: Mapping[str, str] | None
    """Kafka's, by name; None: the broker does not tell."""


class Need(NamedTuple):
    """For how long records are needed, and what comes of it if they are not kept so long."""

    what: str
    length: timedelta
    state: State


class Unread(NamedTuple):
    """What a consumer group has not read yet."""

    records: int
    oldest_ms: int | None
    """When the oldest of them was accepted; None if nobody could tell."""
    has_committed: bool


def needs(config: Config) -> tuple[Sequence[Need], Sequence[Need]]:
    """For how long webhooks and decisions are needed."""
    waits = max(config.publish.deadline.critical, config.publish.deadline.others, _WAITS_MAX)
    cold = Need("a cold start (flow.cold_start_rewind)", config.flow.cold_start_rewind + waits, State.FAILED)
    window = Need("dedup.window", config.dedup.window, State.WARNING)
    replay = Need("winnow replay", REPLAY, State.WARNING)
    return (cold, window, replay), (window, replay)


def topic(name: str, facts: TopicFacts, kafka: tuple[int | None, int], needed: Sequence[Need]) -> Finding:
    """How one topic stands.

    Args:
        name: Its name.
        facts: How it is.
        kafka: As winnow.yaml has it: partitions (None: any number will do) and `kafka.replication`.
        needed: For how long its records are.
    """
    partitions, replication = kafka
    complaints = [*_partitions(facts, partitions), *_replicas(facts, replication)]
    found = f"{_count(facts.partitions, 'partition')}, {_count(facts.replicas, 'replica')}"
    if facts.settings is None:
        return finding(f"topic {name}", f"{found}; its settings are not told by this broker", complaints)
    complaints += [*_least(facts, _least_of(facts.settings)), *_kept(facts.settings, needed)]
    kept = _retention(facts.settings)
    found += f", min.insync.replicas {_least_of(facts.settings)}, kept {'for ever' if kept is None else _span(kept)}"
    return finding(f"topic {name}", found, complaints)


def _partitions(facts: TopicFacts, wanted: int | None) -> Iterator[Complaint]:
    if wanted is not None and facts.partitions != wanted:
        todo = f"set kafka.partitions: {facts.partitions}, or use another kafka.topic_prefix"
        yield Complaint(State.FAILED, f"winnow.yaml says {wanted}: gateway and flow do not start", todo)
    if facts.leaderless:
        yield Complaint(State.FAILED, f"{facts.leaderless} have no leader", "start the brokers that are down")


def _replicas(facts: TopicFacts, replication: int) -> Iterator[Complaint]:
    if facts.replicas == 1:
        todo = "fine for trying out; else three brokers, and kafka-reassign-partitions to 3 replicas"
        yield Complaint(State.WARNING, "acknowledged by one disk only (acks=all of one replica)", todo)
    elif facts.replicas < replication:
        todo = f"kafka-reassign-partitions to {replication} replicas; kafka.replication is for topics that are made"
        yield Complaint(State.WARNING, f"kafka.replication says {replication}", todo)
    if facts.in_sync < facts.replicas:
        todo = "see which broker is down or slow"
        yield Complaint(State.WARNING, f"only {facts.in_sync} of {facts.replicas} replicas are in sync", todo)


def _least(facts: TopicFacts, least: int) -> Iterator[Complaint]:
    """Whether acks=all means more than one, and whether a broker may go."""
    if least > facts.in_sync:
        todo = "bring brokers back, or lower min.insync.replicas"
        yield Complaint(State.FAILED, "nothing can be written: fewer are in sync", todo)
    elif facts.replicas > 1 and least == 1:
        todo = f"set min.insync.replicas={max(2, facts.replicas - 1)} (kafka-configs --alter)"
        yield Complaint(State.WARNING, "acks=all may mean one replica, and its loss a lost alert", todo)
    elif facts.replicas > 1 and least >= facts.replicas:
        todo = f"set min.insync.replicas={max(1, facts.replicas - 1)}"
        yield Complaint(State.WARNING, "with one broker down nothing can be written", todo)


def _kept(settings: Mapping[str, str], needed: Sequence[Need]) -> Iterator[Complaint]:
    if "compact" in settings.get("cleanup.policy", "delete"):
        yield Complaint(State.FAILED, "compacted: records without a key are refused", "set cleanup.policy=delete")
    kept = _retention(settings)
    for need in needed if kept is not None else ():
        if kept is not None and kept < need.length:
            todo = f"set retention.ms={max(one.length for one in needed) // timedelta(milliseconds=1)}"
            yield Complaint(need.state, f"{need.what} needs {_span(need.length)}", todo)
    size = settings.get("retention.bytes", "-1")
    if needed and size != "-1":
        todo = "set retention.bytes=-1, or make sure that it holds as long"
        yield Complaint(State.WARNING, f"retention.bytes={size} may take records earlier", todo)


def _least_of(settings: Mapping[str, str]) -> int:
    text = settings.get("min.insync.replicas", "")
    return int(text) if text.isdigit() else 1


def _retention(settings: Mapping[str, str]) -> timedelta | None:
    """How long records are kept; None: for ever, or longer than anybody counts."""
    text = settings.get("retention.ms", "")
    days = int(text) // 86_400_000 if text.isdigit() else -1
    return timedelta(milliseconds=int(text)) if 0 <= days < 100_000 else None


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _span(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3600)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds / 3600:.1f}h" if seconds > 3600 else f"{seconds / 60:g}m"


def lag(group: str, unread: Unread, now_ms: int, given_up: timedelta, flow_url: str) -> Finding:
    """How far the flow is behind; `given_up` is when a delivery that waits is."""
    check = f"flow (group {group})"
    if not unread.records:
        return Finding(check, State.OK, "has read everything")
    todo = f"see whether the flow runs ({flow_url}), what it logs, and whether a target takes nothing"
    if not unread.has_committed:
        return Finding(check, State.WARNING, f"has read nothing yet, {unread.records:,} records wait", todo)
    if unread.oldest_ms is None:
        return Finding(check, State.WARNING, f"{unread.records:,} records are unread, nobody can tell since when", todo)
    age = timedelta(milliseconds=max(0, now_ms - unread.oldest_ms))
    found = f"{unread.records:,} records are unread, the oldest for {int(age.total_seconds())} s"
    if age >= given_up:
        return Finding(check, State.FAILED, f"{found}: longer than publish.deadline", todo)
    is_behind = age > timedelta(milliseconds=_BEHIND_WARN_MS)
    return Finding(check, State.WARNING if is_behind else State.OK, found, todo if is_behind else "")


def clock(check: str, newest_ms: int | None, now_ms: int) -> Finding:
    """Whether the newest record comes from the future."""
    if newest_ms is None:
        return Finding(check, State.SKIPPED, "no record whose time could be compared")
    ahead_ms = newest_ms - now_ms
    if ahead_ms <= _CLOCKS_WARN_MS:
        return Finding(check, State.OK, f"newest record {max(0, -ahead_ms) // 1000} s ago, none from the future")
    state = State.FAILED if ahead_ms >= _CLOCKS_FAIL_MS else State.WARNING
    found = f"a record is {ahead_ms / 1000:.1f} s from the future"
    return Finding(check, state, found, "let NTP set the clocks of gateway, flow, brokers and this machine")
