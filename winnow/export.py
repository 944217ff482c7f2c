"""`winnow export`: the webhooks of a time range as a file, for `winnow replay --from-file`."""

from __future__ import annotations

import secrets
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from alerts import retry
from alerts.errors import FormatError, WinnowError
from alerts.scrub import Scrub
from connectors.configuration import load
from connectors.kafka.topics import topics
from winnow._alert_file import line
from winnow._archive import Archive
from winnow._moments import between, milliseconds
from winnow._progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Kafka
    from alerts.record import Stored


PANEL = "Time machine"


def export(
    since: Annotated[str, typer.Option(help="Accepted from then on: how long ago (2h), or RFC 3339.")],
    until: Annotated[str, typer.Option(help="Accepted before then: how long ago, or RFC 3339.")] = "0s",
    scrub: Annotated[bool, typer.Option("--scrub", help="Replace the values of labels and annotations.")] = False,
    keep: Annotated[
        list[str] | None, typer.Option(help="A label that --scrub leaves as it is, beside alertname and severity.")
    ] = None,
) -> None:
    """Write the webhooks of a time range to a file, as JSON.

    A line for each record, on standard output; `winnow replay --from-file` judges them anywhere. With --scrub, values
    are replaced by others, the same by the same.

    Example: winnow export --since 2h --scrub --keep namespace > alerts.ndjson
    """
    begin, end = between(since, until, datetime.now(UTC))
    if keep and not scrub:
        raise WinnowError("--keep: says what --scrub leaves as it is, which is not given")
    if sys.stdout.isatty():
        raise WinnowError("alerts are not written to a terminal, which would obey what they hold: add > alerts.ndjson")
    # Under a key that nobody ever learns: hashes of a label's few values could be tried out.
    change = Scrub(secrets.token_bytes(32), keep or ()) if scrub else None
    retried = left_out = 0
    for record in _records(load(needs_sources=False).kafka, begin, end):
        try:
            value = record.value if change is None else change(record.value)
        except FormatError:
            is_retry = retry.is_retry(record.value)
            retried, left_out = retried + is_retry, left_out + (not is_retry)
        else:
            sys.stdout.buffer.write(line(record._replace(value=value)))
    if retried:
        typer.echo(f"winnow: {retried} retried dead letters left out: they are no webhooks", err=True)
    if left_out:
        typer.echo(f"winnow: {left_out} records left out: no alerts that can be read and scrubbed", err=True)


def _records(kafka: Kafka, begin: datetime, end: datetime) -> Iterator[Stored]:
    """Partition by partition, so that the same range gives the same file."""
    topic, archive, until_ms = topics(kafka).webhooks, Archive(kafka), milliseconds(end)
    with progress(archive.count(topic, begin)) as seen:
        for partition in archive.partitions(topic):
            for record in seen(topic, archive.records(topic, begin, [partition])):
                if record.accepted_ms < until_ms:
                    yield record
