"""What both `retry` verbs do: hand records to Kafka, wait until it has them, and say of each what became of it."""

from __future__ import annotations

import sys
import time
from collections import Counter
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import typer

from alerts.errors import KafkaError
from connectors.configuration import file_name
from connectors.kafka.producer import AcknowledgedProducer, Batch
from connectors.kafka.topics import topics
from winnow._archive import Archive
from winnow._interrupt import Interrupt
from winnow._output import Output, cell, write_json, write_lines, write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alerts.config import Kafka
    from connectors.request import Message

_TIMEOUT = timedelta(seconds=30)
_LOOK_EVERY_S = 0.01
_INTERRUPTED = 130
_HEAD = ("place", "at", "of", "target", "alert", "result", "detail")


class Fate(StrEnum):
    """What becomes of an entry that is to be retried."""

    RETRIED = "retried"
    IN_PART = "retried in part"
    TO_RETRY = "to retry"
    """It would be, but for --dry-run."""
    ALREADY = "already retried"
    SUPERSEDED = "superseded"
    """Something newer of its alert was told since."""
    ENDED = "ended otherwise"
    """Its delivery is no longer given up, or another entry stands for it."""
    WAITS = "not yet"
    """Something newer of its alert is under way: what comes of it is not known."""
    NO_TARGET = "no target"
    """The target it was for is gone from winnow.yaml, or disabled."""
    UNREADABLE = "unreadable"
    FAILED = "failed"
    """Kafka did not confirm it."""
    LEFT = "left"
    """Ctrl-C came first."""


# Exit status 1 says that there are some of these: whoever wanted them sent has to do something.
_UNDONE = frozenset({Fate.IN_PART, Fate.WAITS, Fate.NO_TARGET, Fate.UNREADABLE, Fate.FAILED, Fate.LEFT})


class Item(NamedTuple):
    """One entry that was asked for."""

    place: str
    at: str
    of: str | None
    """The id of its delivery, alert or webhook."""
    target: str | None
    alert: str | None
    fate: Fate
    detail: str = ""
    messages: tuple[Message, ...] = ()
    """What is to be written; only of one that is to be retried."""
    is_partial: bool = False
    """Some of it cannot be retried; `detail` says why."""
    became: str | None = None
    """What came of its delivery since; only of a dead letter that was retried, or that ended otherwise."""


def carry_out(kafka: Kafka, items: Sequence[Item], output: Output, *, dry_run: bool) -> None:
    """Write what is to be written, in this order, print what became of each, and exit with 1 if any is undone.

    Ctrl-C ends it with 130 once Kafka has confirmed what went before, and it is printed what did. A second one does not
    wait for that. A dry run has nothing to wait for: Ctrl-C ends it as it ends a verb that reads.

    Raises:
        KafkaError: librdkafka refuses the configuration, or the topic has another number of partitions.
    """
    if dry_run:
        told = items
        _print(told, output)
    else:
        with Interrupt() as interrupt:
            told = _written(kafka, items, interrupt)
            _print(told, output)
            if interrupt.has_come:
                _say_how_far(told)
                raise typer.Exit(_INTERRUPTED)
    if any(item.fate in _UNDONE for item in told):
        raise typer.Exit(1)


def _print(told: Sequence[Item], output: Output) -> None:
    rows = [{**item._asdict(), "result": item.fate.value, "messages": None, "fate": None} for item in told]
    if output is Output.JSON:
        write_json([{name: row[name] for name in _HEAD} for row in rows])
        return
    if rows:
        write_table(_HEAD, ([cell(row[name] or None) for name in _HEAD] for row in rows))
    counts = Counter(item.fate for item in told)
    write_lines([", ".join(f"{count} {fate}" for fate, count in counts.items()) or "nothing to retry"])


def _say_how_far(told: Sequence[Item]) -> None:
    counts = Counter(item.fate for item in told if item.messages)
    sent, left = counts[Fate.RETRIED] + counts[Fate.IN_PART], counts[Fate.LEFT] + counts[Fate.FAILED]
    rest = f"{left} left; the same command goes on" if left else "that was all of it"
    _say(f"{sent} sent back, {rest}")


def _written(kafka: Kafka, items: Sequence[Item], interrupt: Interrupt) -> list[Item]:
    if not any(item.messages for item in items):
        return list(items)
    _check_partitions(kafka)
    reported: set[Batch] = set()
    producer = AcknowledgedProducer(kafka, _TIMEOUT, patience=_TIMEOUT)
    try:
        batches = [None if interrupt.has_come else _sent(producer, item, reported) for item in items]
        handed = sum(batch is not None for batch in batches)
        late = _unconfirmed(producer, lambda: len(reported) == handed, interrupt)
    finally:
        producer.close()
    return [
        _unsent(item) if batch is None else _after(item, batch.error if batch in reported else late)
        for item, batch in zip(items, batches, strict=True)
    ]


def _unconfirmed(producer: AcknowledgedProducer, is_done: Callable[[], bool], interrupt: Interrupt) -> str:
    """Wait for Kafka's reports; why there are none of what has none then."""
    until, is_told = time.monotonic() + 2 * _TIMEOUT.total_seconds(), False
    try:
        # The producer's thread takes them: in librdkafka, Ctrl-C would be heeded late, and become another error.
        while not is_done() and time.monotonic() < until:
            time.sleep(_LOOK_EVERY_S)
            if interrupt.has_come and not is_told:
                is_told = True
                _say("waiting for Kafka to confirm what is under way; once more does not wait")
        producer.flush(timedelta(0))
    except KafkaError as error:
        return str(error)
    except KeyboardInterrupt:
        return "interrupted before it did; it may have gone"
    return "no report came"


def _say(text: str) -> None:
    print(f"winnow: interrupted: {text}", file=sys.stderr)  # noqa: T201 the command line's own voice


def _check_partitions(kafka: Kafka) -> None:
    """Refuse to write where the flow does not look: an alert's partition depends on their number."""
    topic = topics(kafka).webhooks
    count = len(Archive(kafka).partitions(topic))
    if count != kafka.partitions:
        raise KafkaError(
            f"topic {topic} has {count} partitions, {file_name()} says kafka.partitions: {kafka.partitions}; "
            "alerts would come back in other partitions than theirs: set it as the topic has it"
        )


def _sent(producer: AcknowledgedProducer, item: Item, reported: set[Batch]) -> Batch | None:
    if not item.messages:
        return None
    batch = Batch(len(item.messages), reported.add)
    producer.send(item.messages, batch)
    return batch


def _unsent(item: Item) -> Item:
    return item._replace(fate=Fate.LEFT) if item.messages else item


def _after(item: Item, error: str | None) -> Item:
    if error is None:
        return item._replace(fate=Fate.IN_PART if item.is_partial else Fate.RETRIED)
    return item._replace(fate=Fate.FAILED, detail=f"Kafka did not confirm: {error}")
