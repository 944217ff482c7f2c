"""What lies in Kafka: lines of JSON, first a header, then one line per alert as it came.

The header holds all that dedup needs, so a repeat's labels and annotations are never decoded. Its fields: `v`,
`id`, `format`, `source`, `receiver`, `group_key`, and `alerts`, a list with one row per line that follows:
`[position, fingerprint, status, name, startsAt, endsAt]`. Only where they say
something: `expired_ms` (`alerts.expiry`), `reply` (`alerts.reply`).
"""

from __future__ import annotations

from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

import orjson

from alerts.alert import Envelope, Status, alert_of, arrival_of
from alerts.errors import FormatError
from alerts.fingerprint import identity, partition_of
from alerts.formats import formats
from alerts.traceparent import traceparent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from alerts.alert import Alert, Arrival
    from alerts.webhook import Content, Submission

VERSION = 1
# Brokers refuse records over 1 MiB by default (message.max.bytes); half of it leaves room for everyone's settings.
RECORD_MAX_BYTES = 512 * 1024
# One alert is never cut, so it may fill a record of its own. librdkafka refuses messages over 1 000 000 bytes by
# default (message.max.bytes); beside the line a record holds its header, and a dead letter how the delivery ended.
ALERT_MAX_BYTES = 900_000
# The header's name is for rules and people; a longer one is in the line, whole.
NAME_MAX_CHARS = 1024
# The longest RFC 3339 instant that `alerts.instant` reads has 35.
_TIME_MAX_CHARS = 64
_ENVELOPE_MAX_CHARS = 8192
_REPLY_MAX_CHARS = 64

# A character takes six bytes of JSON at worst: `\\u0001`.
_ESCAPED_BYTES = 6
# An alert's share of the header, without its name.
_ROW_BYTES = 200

_HEX_DIGITS = b"0123456789abcdef"
_STATUS = {status.value: status for status in Status}
_WORD = {status: word for word, status in _STATUS.items()}
_FIRING = Status.FIRING


class Stored(NamedTuple):
    """One record as it lies in Kafka: bytes only, so handing it to another process costs little."""

    partition: int
    offset: int
    accepted_ms: int
    """The Kafka record's timestamp."""
    value: bytes


Row = tuple[int, str, str, str, str, str | None]
Line = tuple[Row, bytes]
"""An alert, as the header names it and as it came."""


def split(envelope: Envelope, submissions: Iterable[Submission], partitions: int) -> Iterator[tuple[int, bytes]]:
    """The records of one webhook: `(partition, value)`, the events of one alert always in the same partition.

    Order within a partition is the order sent. No record is over `RECORD_MAX_BYTES` unless it holds one alert only.
    """
    shares: dict[int, list[Line]] = {}
    for position, labels, status, starts_at, ends_at, sent, line, own in submissions:
        fingerprint = own or identity(labels, sent)
        name = labels.get("alertname", "")[:NAME_MAX_CHARS]
        row = (position, fingerprint, _WORD[status], name, starts_at, ends_at)
        partition = partition_of(fingerprint, partitions)
        share = shares.get(partition)
        if share is None:
            share = shares[partition] = []
        share.append((row, line))
    for partition, share in shares.items():
        for piece in _pieces(share, _ESCAPED_BYTES * (len(envelope.receiver) + len(envelope.group_key)) + 300):
            yield partition, encode(envelope, piece)


def _pieces(share: list[Line], head_bytes: int) -> Iterator[list[Line]]:
    if len(share) == 1:
        yield share
        return
    costs_bytes = [len(line) + _ESCAPED_BYTES * len(row[3]) + _ROW_BYTES for row, line in share]
    if head_bytes + sum(costs_bytes) <= RECORD_MAX_BYTES:
        yield share
        return
    piece: list[Line] = []
    size_bytes = head_bytes
    for line, cost_bytes in zip(share, costs_bytes, strict=True):
        if piece and size_bytes + cost_bytes > RECORD_MAX_BYTES:
            yield piece
            piece, size_bytes = [], head_bytes
        piece.append(line)
        size_bytes += cost_bytes
    yield piece


def encode(envelope: Envelope, share: list[Line]) -> bytes:
    """One record's value."""
    header: dict[str, object] = {
        "v": VERSION,
        "id": envelope.id,
        "format": envelope.format,
        "source": envelope.source,
        "receiver": envelope.receiver,
        "group_key": envelope.group_key,
        "alerts": [row for row, _ in share],
    }
    if envelope.expired_ms:
        header["expired_ms"] = envelope.expired_ms
    if envelope.reply:
        header["reply"] = envelope.reply
    if envelope.traceparent:
        header["traceparent"] = envelope.traceparent
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
            header["id"],
            header["format"],
            header["source"],
            header["receiver"],
            header["group_key"],
            accepted_ms,
            header.get("expired_ms", 0),
            header.get("reply", ""),
            header.get("traceparent", ""),
        )
        if not _is_envelope(envelope):
            raise FormatError("id, source, receiver, group_key, reply or traceparent is not text, or too long")
        return _arrivals(envelope, header["alerts"], lines)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"not a winnow record: {type(error).__name__}: {error}") from error


def _arrivals(envelope: Envelope, rows: list[Row], lines: list[bytes]) -> list[Arrival]:
    if len(rows) != len(lines) - 1:
        raise FormatError(f"header names {len(rows)} alerts, {len(lines) - 1} lines follow")
    if not rows:
        return []
    # By columns, because it is done for every alert.
    columns = positions, fingerprints, statuses, names, starts, ends = tuple(zip(*rows, strict=True))
    if not _are_columns(*columns):
        raise FormatError("a row is not [position, 16 hex digits, status, name, startsAt, endsAt]")
    ids = [f"{envelope.id}-{position}" for position in positions]
    words = map(_STATUS.__getitem__, statuses)
    fields = zip(ids, fingerprints, words, names, starts, ends, repeat(envelope), lines[1:])
    return list(map(arrival_of, fields))


def _are_columns(
    positions: tuple[int, ...],
    fingerprints: tuple[str, ...],
    _statuses: tuple[str, ...],
    names: tuple[str, ...],
    starts: tuple[str, ...],
    ends: tuple[str | None, ...],
) -> bool:
    """Whether values are of the types and sizes that `split` writes: what follows counts on it, and has to fit.

    Raises TypeError where text is expected and something else came.
    """
    times = [*starts, *filter(None, ends)]
    return (
        set(map(type, positions)) == {int}
        and set(map(len, fingerprints)) == {16}
        and not "".join(fingerprints).encode().translate(None, _HEX_DIGITS)
        and len("".join(names)) <= NAME_MAX_CHARS * len(names)
        and len("".join(times)) <= _TIME_MAX_CHARS * len(times)
    )


def _is_envelope(envelope: Envelope) -> bool:
    """Whether its values are text of the sizes that a gateway writes."""
    texts = envelope[:5]
    return (
        all(type(text) is str and len(text) <= _ENVELOPE_MAX_CHARS for text in texts)
        and len(envelope.id) <= _TIME_MAX_CHARS
        and type(envelope.expired_ms) is int
        and type(envelope.reply) is str
        and len(envelope.reply) <= _REPLY_MAX_CHARS
        # It goes into headers of requests.
        and (envelope.traceparent == "" or traceparent(envelope.traceparent) == envelope.traceparent)
    )


@cache
def _contents() -> dict[str, Callable[[bytes], Content]]:
    """How each format reads a line; looked up once, because it is done for every alert."""
    return {name: form.content for name, form in formats().items()}


def open_alert(arrival: Arrival) -> Alert:
    """The arrival with its line decoded.

    Raises:
        FormatError: The line is not what its format lets through, or too large.
    """
    id_, fingerprint, status, name, starts_at, ends_at, envelope, line = arrival
    if len(line) > ALERT_MAX_BYTES:  # a gateway refuses it; what comes of it would fit into no record
        raise FormatError(f"at most {ALERT_MAX_BYTES} bytes an alert, got {len(line)}")
    labels, annotations, url = _contents()[envelope.format](line)
    if status is _FIRING:  # while it fires, an end is no end but when its sender will have said it again
        ends_at = None
    return alert_of((id_, fingerprint, status, name, starts_at, ends_at, envelope, labels, annotations, url))
