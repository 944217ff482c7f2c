"""What lies in Kafka: lines of JSON, first a header, then one line per alert as it came.

The header holds all that dedup needs, so a repeat's labels and annotations are never decoded. Its fields: `v`,
`id`, `format`, `source`, `receiver`, `group_key`, and `alerts`, a list with one row per line that follows:
`[position, fingerprint, status, name, startsAt, endsAt]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from alerts.alert import Alert, Arrival, Envelope, Status
from alerts.errors import FormatError
from alerts.fingerprint import identity, partition_of
from alerts.formats import formats
from alerts.webhook import Submission

VERSION = 1
# Brokers refuse records over 1 MiB by default (message.max.bytes); half of it leaves room for everyone's settings.
RECORD_MAX_BYTES = 512 * 1024
# One alert is never cut, so it may fill a record of its own up to what a broker takes by default.
ALERT_MAX_BYTES = 1_000_000

_STATUS = {status.value: status for status in Status}


class Stored(NamedTuple):
    """One record as it lies in Kafka: bytes only, so handing it to another process costs little."""

    partition: int
    offset: int
    accepted_ms: int
    """The Kafka record's timestamp."""
    value: bytes


Row = tuple[int, str, str, str, str, str | None]


def split(
    envelope: Envelope, submissions: Iterable[Submission], partitions: int
) -> Iterator[tuple[int, bytes]]:
    """The records of one webhook: `(partition, value)`, the events of one alert always in the same partition.

    Order within a partition is the order sent. No record is over `RECORD_MAX_BYTES` unless it holds one alert only.
    """
    shares: dict[int, list[tuple[Row, bytes]]] = {}
    for position, labels, status, starts_at, ends_at, sent, line in submissions:
        fingerprint = identity(labels, sent)
        row = (position, fingerprint, status.value, labels["alertname"], starts_at, ends_at)
        shares.setdefault(partition_of(fingerprint, partitions), []).append((row, line))
    for partition, share in shares.items():
        for piece in _pieces(share):
            yield partition, encode(envelope, piece)


def _pieces(share: list[tuple[Row, bytes]]) -> Iterator[list[tuple[Row, bytes]]]:
    piece: list[tuple[Row, bytes]] = []
    size_bytes = 0
    for row, line in share:
        cost_bytes = len(line) + 4 * len(row[3]) + 200  # the row's share of the header, names as UTF-8 at worst
        if piece and size_bytes + cost_bytes > RECORD_MAX_BYTES:
            yield piece
            piece, size_bytes = [], 0
        piece.append((row, line))
        size_bytes += cost_bytes
    yield piece


def encode(envelope: Envelope, share: list[tuple[Row, bytes]]) -> bytes:
    """One record's value."""
    header = {
        "v": VERSION,
        "id": envelope.id,
        "format": envelope.format,
        "source": envelope.source,
        "receiver": envelope.receiver,
        "group_key": envelope.group_key,
        "alerts": [row for row, _ in share],
    }
    return b"\n".join([orjson.dumps(header), *[line for _, line in share]])


def decode(value: bytes, accepted_ms: int) -> list[Arrival]:
    """What a record's header says of each of its alerts, in order; the lines stay undecoded.

    Raises:
        FormatError: Not a record of this version.
    """
    lines = value.split(b"\n")
    try:
        header = orjson.loads(lines[0])
        if header["v"] != VERSION:
            raise FormatError(f"record version {header['v']!r}; this Winnow reads {VERSION}")
        if header["format"] not in formats():
            raise FormatError(f"unknown format {header['format']!r}; known: {', '.join(formats())}")
        envelope = Envelope(
            header["id"], header["format"], header["source"], header["receiver"], header["group_key"], accepted_ms
        )
        return _arrivals(envelope, header["alerts"], lines)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"not a winnow record: {type(error).__name__}: {error}") from error


def _arrivals(envelope: Envelope, rows: list[Row], lines: list[bytes]) -> list[Arrival]:
    if len(rows) != len(lines) - 1:
        raise FormatError(f"header names {len(rows)} alerts, {len(lines) - 1} lines follow")
    prefix = envelope.id + "-"
    arrivals = [
        Arrival(prefix + str(position), fingerprint, _STATUS[status], name, starts_at, ends_at, envelope, line)
        for (position, fingerprint, status, name, starts_at, ends_at), line in zip(rows, lines[1:], strict=True)
    ]
    for arrival in arrivals:
        if type(arrival.fingerprint) is not str or len(arrival.fingerprint) != 16 or type(arrival.name) is not str:
            raise FormatError("a row's fingerprint is not 16 hex digits, or its name no text")
    return arrivals


def open_alert(arrival: Arrival) -> Alert:
    """The arrival with its line decoded.

    Raises:
        FormatError: The line is not what its format lets through.
    """
    labels, annotations, generator_url = formats()[arrival.envelope.format].content(arrival.line)
    return Alert(*arrival[:7], labels, annotations, generator_url)
