"""A candidate, ready to judge, and what it hears of the flow that it runs beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import structlog

from alerts.advice import Advice, How
from alerts.errors import ConfigError
from connectors.candidate import candidate
from flows import metrics
from flows.decided import known
from flows.plumbing.parting import passed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from bytewax.outputs import Sink

    from alerts.config import Config
    from connectors.request import Message
    from flows.chunk import Chunk
    from flows.plan import Keepers
    from flows.plumbing.allowance import Allowance
    from flows.remembering import Known
    from flows.steps.classify import Classify
    from flows.steps.filter import Filter
    from flows.steps.route import Route

UNRECORDED = Advice("", How.UNRECORDED, None)

log = structlog.get_logger()


class Overheard(NamedTuple):
    """What the flow's model said."""

    said: dict[str, tuple[int, Advice]]
    """By input id, of all alerts that classify let go: the offset of the record it came in, and what was said."""


class Shadow(NamedTuple):
    """A candidate, ready to judge."""

    window: timedelta
    """Of its dedup."""
    classify: Classify
    filter: Filter
    route: Route
    keepers: Keepers
    has_model: bool
    """Whether it would ask one."""
    hears: bool
    """Whether the flow asks one, so that there is something to hear."""
    follows: timedelta
    """For how long after its begin the flow may remember what came before: two windows of the flow's own dedup."""
    topic: str
    version: str
    """Of the candidate."""
    live: str
    """Version of the configuration that it runs beside."""
    messages: Sink[tuple[str, Message]]
    allowance: Allowance


def usable(config: Config) -> Config | None:
    """The candidate that winnow.yaml names; None if there is none, or none that can be used: the flow runs without."""
    try:
        return candidate(config)
    except ConfigError as error:
        reason = str(error)
    metrics.shadow_errors.labels(step="configuration").inc()
    log.error("shadow_refused", error=reason, so="the flow runs without a candidate until it is started again")
    return None


def overheard(items: list[tuple[str, Chunk]]) -> Iterator[tuple[str, Overheard]]:
    """Of chunks that classify let go, what the model said."""
    for key, chunk in items:
        if chunk.alerts:
            rows = zip(passed(chunk), chunk.judged, strict=True)
            said = {arrival.id: (offset, judged.advice or UNRECORDED) for (offset, arrival, _), judged in rows}
            yield key, Overheard(said)


def remembered(chunk: Chunk) -> Iterator[tuple[str, Known]]:
    """What the flow's own dedup remembered, of the first event of each alert: later ones know of the first."""
    met: set[str] = set()
    for arrival, seen in zip(chunk.arrivals, chunk.seen, strict=True):
        if arrival.fingerprint in met:
            continue
        met.add(arrival.fingerprint)
        before = known(seen.verdict.outcome, arrival.status, seen.verdict.saw)
        if before is not None:
            yield arrival.id, before
