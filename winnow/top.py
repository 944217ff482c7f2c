"""`winnow top`: what happens within a minute, by name, source, verdict and target."""

from __future__ import annotations

import sys
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from alerts.busy import MINUTE_MS, Minute
from alerts.errors import FormatError, WinnowError
from alerts.happening import Happenings, ends
from alerts.instant import rfc3339
from connectors.configuration import load
from connectors.kafka.topics import topics
from connectors.redaction import redacted
from connectors.terminal import printable
from winnow._archive import Archive
from winnow._moments import length, milliseconds
from winnow._output import WIDTH_CHARS, Output, write_json
from winnow._watch import watched

if TYPE_CHECKING:
    from collections import Counter

    from alerts.busy import Counts
    from alerts.config import Kafka

PANEL = "Watch it"
_MINUTE = timedelta(milliseconds=MINUTE_MS)
_ROWS = 15
_LEAST = timedelta(milliseconds=100)


def top(
    every: Annotated[str, typer.Option(help="How often the terminal is drawn anew.")] = "2s",
    once: Annotated[bool, typer.Option("--once", help="The last minute, and no more; so without a terminal.")] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="JSON is printed once.")] = Output.TABLE,
) -> None:
    """Count the last minute by name, source, verdict and target.

    Until Ctrl-C; once with --once, -o json or a pipe. It counts by the time decisions and outcomes were written to
    Kafka.

    Example: winnow top --once -o json
    """
    pause = length("--every", every)
    if pause < _LEAST:
        raise WinnowError(f"--every: expected at least 100ms, got {every[:40]!r}")
    config = load(needs_sources=False)
    if once or output is Output.JSON or not sys.stdout.isatty():
        counts = last_minute(config.kafka)
        if output is Output.JSON:
            write_json(plain(counts))
        else:
            Console(highlight=False, width=_width()).print(drawn(counts, beside=False))
        return
    _live(config.kafka, pause)


def last_minute(kafka: Kafka) -> Counts:
    """What the last minute holds.

    Raises:
        KafkaError: No broker answers, or there is no such topic.
    """
    now = datetime.now(UTC)
    minute, reads = Minute(), Happenings()
    for stored in Archive(kafka).records(topics(kafka).decisions, now - _MINUTE):
        try:
            minute.add(ends(list(reads.read(stored.value, stored.accepted_ms))))
        except FormatError:
            continue
    return minute.counts(milliseconds(now))


def _live(kafka: Kafka, pause: timedelta) -> None:
    minute = Minute()
    drawn_at = 0.0
    said = deque([""], maxlen=1)
    with Live(console=Console(highlight=False), auto_refresh=False, screen=True) as screen:
        for told, _ in watched(kafka, datetime.now(UTC) - _MINUTE, Happenings(), said.append):
            minute.add(ends(told))
            if time.monotonic() - drawn_at >= pause.total_seconds():
                drawn_at = time.monotonic()
                counts = drawn(minute.counts(time.time_ns() // 1_000_000), beside=True)
                screen.update(Group(counts, Text(printable(redacted(said[-1])), style="dim")), refresh=True)


def _width() -> int | None:
    return None if sys.stdout.isatty() else WIDTH_CHARS


def plain(counts: Counts) -> dict[str, Any]:
    """For machines."""
    return {
        "at": rfc3339(milliseconds(datetime.now(UTC))),
        "seconds": MINUTE_MS // 1000,
        "events": counts.events["all"],
        "names": dict(counts.names.most_common()),
        "sources": dict(counts.sources.most_common()),
        "verdicts": dict(counts.verdicts.most_common()),
        "targets": dict(counts.targets.most_common()),
    }


def drawn(counts: Counts, *, beside: bool) -> Group:
    """For people: the most of each kind, in tables `beside` each other or one below the other."""
    events = counts.events["all"]
    head = Text(f"{events:,} alert events in the last minute ({events / (MINUTE_MS / 1000):,.1f}/s)", style="bold")
    tables = [
        _table(title, found)
        for title, found in (
            ("verdicts", counts.verdicts),
            ("targets", counts.targets),
            ("names", counts.names),
            ("sources", counts.sources),
        )
        if found
    ]
    return Group(head, Columns(tables, padding=(1, 4)) if beside else Group(*tables))


def _table(title: str, counter: Counter[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("per minute", justify="right")
    table.add_column(title, no_wrap=True)
    for word, count in counter.most_common(_ROWS):
        table.add_row(f"{count:,}", Text(printable(word)))
    if len(counter) > _ROWS:
        rest = sum(count for _, count in counter.most_common()[_ROWS:])
        table.add_row(f"{rest:,}", Text(f"({len(counter) - _ROWS} more)", style="dim"))
    return table
