"""Reads again what is in the quarantine: the alerts in it, and the records that bring them back."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from alerts import bounds, retry
from alerts.alert import Envelope
from alerts.errors import FormatError
from alerts.formats import formats
from alerts.quarantine import body_of, headers_of
from alerts.record import decode, encode, open_alert, split
from alerts.webhook import NO_HEADERS, Received

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from alerts.alert import Arrival
    from alerts.config import Config
    from alerts.mapped import Mapped
    from alerts.webhook import Fault, Submission, Webhook
    from winnow._kept import Row


class About(NamedTuple):
    """One alert of an entry."""

    input: str
    fingerprint: str
    name: str


class Reread(NamedTuple):
    """An entry that can be read now, or some of it."""

    accepted_ms: int
    alerts: list[About]
    """None if it is no webhook, but a dead letter on its way back."""
    records: Callable[[Collection[str]], list[tuple[int, bytes]]]
    """The records of those of its alerts, by input id, each with its partition."""
    refused: str = ""
    """Why the rest of it cannot be read."""


def of_gateway(row: Row, config: Config, mappings: Mapping[str, Mapped]) -> Reread:
    """What the gateway refused, read as it would read it now, with the configuration and its `mappings` there are now.

    Raises:
        FormatError: It still would refuse it, or not all of it was kept.
    """
    if row.get("lines") is not None:
        raise FormatError(f"{row['lines']} alerts of a body with more faults than are kept each by itself")
    body = _whole(row)
    try:
        fields = {name: row[name] for name in Envelope._fields if name in row}
        envelope, position = Envelope(**fields), row["position"]
        form = mappings[row["mapping"]] if "mapping" in row else formats()[row["format"]]
    except (KeyError, TypeError) as error:
        raise FormatError(
            f"no entry of a gateway, or of a format or mapping this Winnow does not know: {error}"
        ) from error
    received = Received(
        body if position is None else form.alone(body),
        envelope.accepted_ms,
        headers_of(row) if position is None else NO_HEADERS,
        config.resolve.timeout // timedelta(milliseconds=1),
    )
    webhook = bounds.read(form, received)
    if position is None:
        envelope = envelope._replace(receiver=webhook.receiver, group_key=webhook.group_key)
    elif len(webhook.submissions) + len(webhook.rejected) == 1:
        webhook = webhook._replace(submissions=[one._replace(position=position) for one in webhook.submissions])
    else:
        raise FormatError("not one alert")
    refused = "; ".join(_text(fault) for rejected in webhook.rejected for fault in rejected.faults)
    if not webhook.submissions:
        raise FormatError(refused or "no alert in it")
    return _submitted(envelope, webhook, config.kafka.partitions, refused[:500])


def _submitted(envelope: Envelope, webhook: Webhook, partitions: int, refused: str) -> Reread:
    by_input = {f"{envelope.id}-{one.position}": one for one in webhook.submissions}

    def records(inputs: Collection[str]) -> list[tuple[int, bytes]]:
        return list(split(envelope, [one for id_, one in by_input.items() if id_ in inputs], partitions))

    return Reread(envelope.accepted_ms, [_about(*one) for one in by_input.items()], records, refused)


def _about(input_: str, one: Submission) -> About:
    return About(input_, one.owner, one.labels.get("alertname", ""))


def _text(fault: Fault) -> str:
    return str(fault)


def of_flow(row: Row, original: bytes | None) -> Reread:
    """What the flow could not read, read as it would read it now.

    Args:
        row: The entry.
        original: The record it came from, if it is still in the webhooks topic.

    Raises:
        FormatError: It still could not, or not all of it was kept.
    """
    partition, accepted_ms = _place(row)
    value = original if original is not None else _whole(row)
    if retry.is_retry(value):
        retry.decode(value)
        return Reread(accepted_ms, [], lambda _: [(partition, value)])
    try:
        arrivals = decode(value, accepted_ms)
    except FormatError as error:
        gone = "" if original is not None else "; the record it came from is kept no more"
        raise FormatError(f"{error}{gone}") from error
    if hashlib.sha256(value).hexdigest() == row.get("sha256"):
        return _arrived(partition, accepted_ms, arrivals, value)
    lines = [one for one in arrivals if hashlib.sha256(one.line).hexdigest() == row.get("sha256")]
    mine = [one for one in lines if str(row.get("reason")).startswith(f"{one.id}: ")] or lines[:1]
    if not mine:
        raise FormatError("its record holds no such line")
    open_alert(mine[0])
    return _arrived(partition, accepted_ms, mine, None)


def _arrived(partition: int, accepted_ms: int, arrivals: Sequence[Arrival], whole: bytes | None) -> Reread:
    """`whole` is the record that holds these and no others."""

    def records(inputs: Collection[str]) -> list[tuple[int, bytes]]:
        chosen = [one for one in arrivals if one.id in inputs]
        if whole is not None and len(chosen) == len(arrivals):
            return [(partition, whole)]
        return [(partition, encode(chosen[0].envelope, [_line(one) for one in chosen]))] if chosen else []

    return Reread(accepted_ms, [About(one.id, one.fingerprint, one.name) for one in arrivals], records)


def _line(one: Arrival) -> tuple[tuple[int, str, str, str, str, str | None], bytes]:
    position = int(one.id.removeprefix(one.envelope.id + "-"))
    return (position, one.fingerprint, one.status.value, one.name, one.starts_at, one.ends_at), one.line


def _place(row: Row) -> tuple[int, int]:
    partition, accepted_ms = row.get("partition"), row.get("accepted_ms")
    if type(partition) is not int or type(accepted_ms) is not int:
        raise FormatError("no entry of a flow: it has no partition or no time")
    return partition, accepted_ms


def _whole(row: Row) -> bytes:
    body = body_of(row)
    if body is None:
        raise FormatError(f"only a part of its {row.get('body_bytes')} bytes was kept: its sender has to send it again")
    return body
