"""Judges once more what lies in Kafka: the very same steps, between ends that send nothing and ask nobody.

All time in the steps is in the records, so what comes out depends on the records, their order and the configuration.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from bytewax.errors import BytewaxRuntimeError
from bytewax.inputs import DynamicSource, StatelessSourcePartition
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main

from alerts.decision import Delivery
from alerts.delivery_json import Plain
from alerts.record import Stored
from connectors.job import Ended
from connectors.request import Message
from flows.parts import Ends, between
from flows.plumbing.pending import Pending
from flows.plumbing.recorded import Recorded
from flows.proxy import connect
from flows.remembering import Remembering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from alerts.advice import Advice
    from alerts.config import Config
    from flows.remembering import Known

_Taken = TypeVar("_Taken")

# Enough that Bytewax vanishes, and no more: what goes through the steps at a time stays in the processor's cache.
_BATCH = 500
_BATCH_BYTES = 256 * 1024


def again(  # noqa: PLR0913, PLR0917 each is another end of the flow
    config: Config,
    records: Iterable[Stored],
    recorded: Mapping[str, Advice] | Recorded,
    take: Callable[[Message], None],
    known: Mapping[str, Known] = MappingProxyType({}),
    plan: Callable[[Delivery], None] | None = None,
) -> None:
    """Judge the records; returns when there are no more.

    Args:
        config: As whom to judge.
        records: Webhooks as they lie in Kafka, in a partition in their order.
        recorded: What a model said then, by input id; empty if there was none, or if nobody shall be asked. Or who
            knows what is to be said of each alert.
        take: Called with each message the flow would have written: decisions, and what goes to the quarantine.
        known: What dedup remembered of an alert when it judged one of its events then, by that event's input id; it
            counts for alerts of which nothing was read before.
        plan: Called with each delivery that its lane would have been handed.

    Raises:
        BytewaxRuntimeError: A step raised something, which is its cause.
        Exception: Whatever `records`, `take` or `plan` raised.
        KeyboardInterrupt: Likewise, or it came within a step.
    """
    asking = None if config.classify.llm is None else _adviser(config, recorded)
    source = _Source(records)
    heard = None if plan is None else source.guarded(plan)
    ends = Ends(source, lambda _: _Nobody(heard), _Sink(source.guarded(take)), asking=asking)
    parts = between(ends, config)
    if known:
        parts = parts._replace(dedup=Remembering(config.dedup.window, known))
    try:
        run_main(connect(parts))  # type: ignore[no-untyped-call]
    except BytewaxRuntimeError as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        raise
    if source.broken is not None:
        raise source.broken


def _adviser(config: Config, recorded: Mapping[str, Advice] | Recorded) -> Recorded:
    return recorded if isinstance(recorded, Recorded) else Recorded(recorded, Pending(config.publish.max_pending))


class _Source(DynamicSource[tuple[str, Stored]]):
    """What a step raises ends Bytewax with a page of its own; so what the ends raise is kept here and ends them."""

    def __init__(self, records: Iterable[Stored]) -> None:
        self._records = iter(records)
        self.broken: BaseException | None = None
        """Why they ended early."""

    def build(self, step_id: str, worker_index: int, worker_count: int) -> _Records:  # noqa: ARG002 there is one
        return _Records(self)

    def guarded(self, end: Callable[[_Taken], None]) -> Callable[[_Taken], None]:
        """The same, as long as nothing is broken."""

        def call(taken: _Taken) -> None:
            if self.broken is None:
                try:
                    end(taken)
                except BaseException as error:  # noqa: BLE001 it is raised where no Bytewax is
                    self.broken = error

        return call

    def some(self) -> list[Stored]:
        """The next records, empty at the end."""
        batch: list[Stored] = []
        size_bytes = 0
        if self.broken is not None:
            return batch
        try:
            for record in self._records:
                batch.append(record)
                size_bytes += len(record.value)
                if size_bytes >= _BATCH_BYTES or len(batch) >= _BATCH:
                    break
        except BaseException as error:  # noqa: BLE001 likewise
            self.broken = error
        return batch


class _Records(StatelessSourcePartition[tuple[str, Stored]]):
    def __init__(self, source: _Source) -> None:
        self._source = source

    def next_batch(self) -> list[tuple[str, Stored]]:
        batch = [(str(record.partition), record) for record in self._source.some()]
        if not batch:
            raise StopIteration
        return batch


class _Nobody(StatefulBatchLogic[Delivery, Ended, Plain]):
    """A lane that sends nothing, of which nothing comes."""

    def __init__(self, plan: Callable[[Delivery], None] | None) -> None:
        self._plan = plan

    def on_batch(self, values: list[Delivery]) -> tuple[Iterable[Ended], bool]:
        if self._plan is not None:
            for delivery in values:
                self._plan(delivery)
        return (), StatefulBatchLogic.RETAIN

    def snapshot(self) -> Plain:
        return {}


class _Sink(DynamicSink[tuple[str, Message]]):
    def __init__(self, take: Callable[[Message], None]) -> None:
        self._take = take

    def build(self, step_id: str, worker_index: int, worker_count: int) -> _Messages:  # noqa: ARG002 there is one
        return _Messages(self._take)


class _Messages(StatelessSinkPartition[tuple[str, Message]]):
    def __init__(self, take: Callable[[Message], None]) -> None:
        self._take = take

    def write_batch(self, items: list[tuple[str, Message]]) -> None:
        for _, message in items:
            self._take(message)
