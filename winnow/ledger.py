"""`winnow ledger`: where every accepted alert ended, and which have no end."""

from __future__ import annotations

import gc
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from alerts.errors import FormatError
from alerts.instant import rfc3339
from alerts.ledger import DENIED, Balance, Ledger
from connectors.configuration import load
from connectors.kafka.topics import topics
from connectors.terminal import printable
from winnow._archive import Archive
from winnow._moments import between, length, milliseconds
from winnow._output import Output, shown, write_json, write_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from alerts.config import Config

PANEL = "Watch it"
# Alerts of so many partitions are held at a time; each reading of a group costs a fifth of a second of waiting.
_PARTITIONS_AT_ONCE = 8
# A decision is written by another clock than its webhook: it may look older.
_CLOCKS_DIFFER = timedelta(minutes=5)
# What the other verbs call it.
_ALSO = {DENIED: " (filter: deny)"}


class Asked(NamedTuple):
    """Which alerts are meant, and when one without an end is late."""

    since: datetime
    until: datetime
    deadline: timedelta


def ledger(
    since: Annotated[
        str, typer.Option(help="Accepted from then on: how long ago (2h), or RFC 3339.")
    ] = "3h",  # most of it is older than the deadline
    until: Annotated[str, typer.Option(help="Accepted before then: how long ago, or RFC 3339.")] = "0s",
    deadline: Annotated[
        str, typer.Option(help="How old an alert without an end may be; younger ones are pending.")
    ] = "75m",
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Count where alerts ended, and name those without an end.

    An alert without a recorded end that was accepted longer ago than --deadline is unaccounted.

    Example: winnow ledger --since 24h --deadline 30m

    Exit codes:
        1: Any is unaccounted.
    """
    now = datetime.now(UTC)
    asked = Asked(*between(since, until, now), length("--deadline", deadline))
    config = load(needs_sources=False)
    # What is kept holds no cycles, and looking for some in a million alerts takes longer than counting them.
    gc.disable()
    try:
        balance, unreadable = read(config, asked, now)
    finally:
        gc.enable()
    if output is Output.JSON:
        write_json(plain(asked, balance, unreadable))
    else:
        write_lines(lines(asked, balance, unreadable))
    if balance.unaccounted:
        raise typer.Exit(1)


def read(config: Config, asked: Asked, now: datetime) -> tuple[Balance, Counter[str]]:
    """The balance of the alerts asked for, and how many records of which topic could not be read.

    Raises:
        KafkaError: No broker answers, or a topic is missing.
    """
    names = topics(config.kafka)
    archive = Archive(config.kafka)
    kept = Ledger(milliseconds(asked.since), milliseconds(asked.until))
    unreadable: Counter[str] = Counter()
    decided = asked.since - _CLOCKS_DIFFER

    def feed(topic: str, take: Callable[[bytes], None], among: Iterable[int] | None = None) -> None:
        for stored in shown(topic, archive.records(topic, decided, among)):
            try:
                take(stored.value)
            except FormatError:
                unreadable[topic] += 1

    for group in _groups(archive.partitions(names.webhooks)):
        for stored in shown(names.webhooks, archive.records(names.webhooks, asked.since, group)):
            kept.accept(stored)
        if not kept.is_settled:
            feed(names.decisions, kept.decide, group)
    feed(names.quarantine, kept.quarantine)
    if not kept.is_settled:
        feed(names.dead_letters, kept.letter)
    return kept.balance(milliseconds(now), asked.deadline // timedelta(milliseconds=1)), unreadable


def _groups(partitions: range) -> Iterator[range]:
    """An alert's decisions lie in the partition of the same number, so a group is settled by itself."""
    return (partitions[first : first + _PARTITIONS_AT_ONCE] for first in partitions[::_PARTITIONS_AT_ONCE])


def plain(asked: Asked, balance: Balance, unreadable: Counter[str]) -> dict[str, Any]:
    """For machines."""
    rules: dict[str, dict[str, int]] = {}
    for (state, rule), count in sorted(balance.ends.items(), key=str):
        if rule is not None:
            rules.setdefault(state, {})[rule] = count
    return {
        "since": rfc3339(milliseconds(asked.since)),
        "until": rfc3339(milliseconds(asked.until)),
        "deadline_s": asked.deadline.total_seconds(),
        "accepted": balance.accepted,
        "states": dict(_states(balance)),
        "rules": rules,
        "pending": balance.pending,
        "unaccounted": balance.unaccounted,
        "oldest_unaccounted": [
            {"id": one.id, "accepted_at": rfc3339(one.accepted_ms), "place": one.place, "lacks": one.lacks}
            for one in balance.oldest
        ],
        "refused_by_gateway": balance.refused,
        "unreadable_records": dict(unreadable),
    }


def _states(balance: Balance) -> list[tuple[str, int]]:
    """How many ended where, the most first."""
    states: Counter[str] = Counter()
    for end, count in balance.ends.items():
        states[str(end.state)] += count
    return sorted(states.items(), key=lambda entry: (-entry[1], entry[0]))


def lines(asked: Asked, balance: Balance, unreadable: Counter[str]) -> Iterator[str]:
    """For people."""
    yield f"accepted {rfc3339(milliseconds(asked.since))} to {rfc3339(milliseconds(asked.until))}"
    yield _line("accepted", balance.accepted)
    for state, count in _states(balance):
        yield _line(f"  {state}" + _ALSO.get(state, ""), count)
        by_rule = {end.rule: number for end, number in balance.ends.items() if end.state == state and end.rule}
        for rule, number in sorted(by_rule.items()):
            yield _line(f"    {printable(rule)}", number)
    yield _line(f"  pending (younger than {asked.deadline})", balance.pending)
    yield _line("  unaccounted", balance.unaccounted)
    if balance.refused:
        yield _line("not accepted: refused by the gateway", balance.refused)
    for topic, count in unreadable.items():
        yield _line(f"not counted: unreadable records of {topic}", count)
    if balance.unaccounted:
        first = "" if balance.unaccounted == len(balance.oldest) else f" (the {len(balance.oldest)} oldest)"
        yield f"\N{EM DASH} unaccounted{first}"
        for one in balance.oldest:
            yield f"{one.id}  {rfc3339(one.accepted_ms)}  at {one.place}  {one.lacks}"


def _line(name: str, count: int) -> str:
    return f"{name:<48} {count:>12,}"
