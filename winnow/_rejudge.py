"""Judges once more what lies in Kafka or in a file, some partitions at a time, and hands on what comes out."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from connectors.kafka.topics import topics
from flows.again import again
from flows.decided import CLOCKS_DIFFER_MS
from winnow._alert_file import EVERYTHING, source
from winnow._archive import Archive
from winnow._compared import Tally
from winnow._foreign import NOT_OURS, tell
from winnow._groups import Groups
from winnow._interrupt import Interrupt
from winnow._progress import progress
from winnow._recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from alerts.advice import Advice
    from alerts.config import Config
    from alerts.decision import Delivery
    from alerts.record import Stored
    from connectors.request import Message
    from flows.plumbing.recorded import Recorded as Adviser
    from winnow._compared import Counting
    from winnow._questions import Questions
    from winnow._recorded import Span

    Advise = Callable[[Mapping[str, Advice]], Mapping[str, Advice] | Adviser]
    """By what is on record, what is said of each alert."""

# So many decisions are held at a time, or one partition's: 0.5 KB each. Each group costs some 20 ms more.
_HELD = 250_000


class Kept(Protocol):
    """Where records are kept: see `winnow._archive.Archive`."""

    def records(self, topic: str, since: datetime, among: Sequence[int]) -> Iterator[Stored]:
        """Those of some partitions, each from the first that was written at `since` or later."""

    def counts(self, topic: str, since: datetime) -> dict[int, int]:
        """About how many these are, by partition; all there are."""


class Planning(Protocol):
    """Takes note of what would be sent, and of what has been."""

    def heard(self, record: Stored) -> None:
        """Take a record of the decisions topic; all of an alert come before `planned` is told of it."""

    def stored(self, record: Stored) -> None:
        """Take a record of the webhooks topic, also one from after the range; those of an alert come after `heard`."""

    def planned(self, delivery: Delivery) -> None:
        """Take a delivery; those of an alert come in order."""


def from_kafka(
    config: Config,
    span: Span,
    counting: Counting,
    planning: Planning | None = None,
    questions: Questions | None = None,
) -> None:
    """Judge what Kafka holds of this time range, by what it holds of decisions as if dedup had been there before.

    Args:
        config: As whom to judge.
        span: Which alerts.
        counting: Told what is decided.
        planning: Told what would be sent.
        questions: What the model is asked first; None: recorded answers are all there is.

    Raises:
        KafkaError: A topic is missing, or no broker answers.
    """
    archive = Archive(config.kafka)
    advise: Advise = _as_recorded
    if questions is not None:
        judge(archive, config, span, Tally(span), advise=questions.reading)
        questions.ask()
        advise = questions.answering
    judge(archive, config, span, counting, planning, advise)


def _as_recorded(advice: Mapping[str, Advice]) -> Mapping[str, Advice]:
    return advice


def judge(  # noqa: PLR0913, PLR0917 what `from_kafka` takes, and where it is kept
    archive: Kept,
    config: Config,
    span: Span,
    counting: Counting,
    planning: Planning | None = None,
    advise: Advise = _as_recorded,
) -> None:
    """The same of what `archive` holds, once; Ctrl-C ends it between two records."""
    names = topics(config.kafka)
    since, decided = _moment(span.warm_ms), _moment(span.warm_ms - CLOCKS_DIFFER_MS)
    webhooks, decisions = archive.counts(names.webhooks, since), archive.counts(names.decisions, decided)
    # An alert's decisions lie in the partition of the same number, so a group is complete by itself.
    groups = Groups({partition: decisions.get(partition, 0) for partition in webhooks}, _HELD)
    total, foreign = sum((*webhooks.values(), *decisions.values())), 0
    with progress(total) as seen, _few_collections(), Interrupt() as interrupt:

        def read(topic: str, since: datetime, group: Sequence[int]) -> Iterator[Stored]:
            return interrupt.heeded(seen(topic, archive.records(topic, since, group)))

        while group := groups.take():
            recorded = Recorded(span)
            foreign += _remember(read(names.decisions, decided, group), recorded, planning)
            groups.held(len(recorded.rows) + len(recorded.known))
            counting.begin(recorded)
            records = _up_to(read(names.webhooks, since, group), group, span, planning)
            take = _decisions(names.decisions, counting.take)
            plan = None if planning is None else planning.planned
            again(config, records, advise(recorded.advice), take, recorded.known, plan)
            counting.end()
    tell(names.decisions, foreign)


def _remember(records: Iterator[Stored], recorded: Recorded, planning: Planning | None) -> int:
    """Take note of what was decided; how many records are none of Winnow's."""
    foreign = 0
    for record in records:
        try:
            recorded.read(record.value, record.partition)
            if planning is not None:
                planning.heard(record)
        except NOT_OURS:
            foreign += 1
    return foreign


def from_file(
    config: Config, file: Path, before: Config | None, counting: Counting, questions: Questions | None = None
) -> None:
    """Judge what a file holds; what counts as decided is what `before` decides about it, if there is one.

    What the model is asked serves both, if both have the same; else `before` goes by the rules alone.

    Raises:
        WinnowError: The file cannot be read, or is none of `winnow export`.
    """
    recorded = Recorded(EVERYTHING)
    is_read_twice = before is not None or questions is not None
    with source(file, is_read_twice=is_read_twice) as records, _few_collections():

        def run(judging: Config, take: Callable[[bytes, int], None], advise: Advise) -> None:
            with progress(None) as seen, Interrupt() as interrupt:
                take_decisions = _decisions(topics(judging.kafka).decisions, take)
                again(judging, interrupt.heeded(seen(file.name, records())), advise({}), take_decisions)

        advise: Advise = _as_recorded
        if questions is not None:
            run(config, _ignore, questions.reading)
            questions.ask()
            advise = questions.answering
        if before is not None:
            run(before, recorded.read, advise if before.classify.llm == config.classify.llm else _as_recorded)
        if questions is not None:
            questions.alerts = 0
        counting.begin(recorded)
        run(config, counting.take, advise)
        counting.end()


def _ignore(_value: bytes, _partition: int) -> None:
    """Nothing counts yet."""


def _decisions(topic: str, take: Callable[[bytes, int], None]) -> Callable[[Message], None]:
    def of(message: Message) -> None:
        if message.topic == topic and message.partition is not None:
            take(message.value, message.partition)

    return of


def _up_to(
    records: Iterator[Stored], partitions: Sequence[int], span: Span, planning: Planning | None
) -> Iterator[Stored]:
    """The records, no further than they can count; `planning` is told of those behind them too."""
    end_ms, unfinished = span.until_ms + CLOCKS_DIFFER_MS, set(partitions)
    for record in records:
        if planning is not None:
            planning.stored(record)
        if record.accepted_ms < end_ms:
            yield record
            continue
        unfinished.discard(record.partition)
        if not unfinished and planning is None:
            return


def _moment(at_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=max(0, at_ms))


@contextmanager
def _few_collections() -> Iterator[None]:
    """As the flow does it (flows/plumbing/runtime.py)."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
